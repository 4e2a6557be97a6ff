// Every module of the network against transformers, on every instruction set, with one thread and with three.

import SwiftletCompute
import SwiftletTestSupport
import SwiftletWhisper
import Testing

@Suite struct ModuleTests {
  static let cases: [(isa: InstructionSet, threads: Int)] = InstructionSet.available.flatMap { isa in
    [1, 3].map { (isa, $0) }
  }

  let reference: Reference
  let width: Int
  let heads: Int
  let rows = 11
  /// Rows that are consumed in one pass before the single steps.
  let prompt = 5

  init() throws {
    reference = try Reference()
    width = reference.checkpoint.dimensions.audioWidth
    heads = reference.checkpoint.dimensions.audioHeads
  }

  func context(_ index: Int) throws -> ComputeContext {
    try ComputeContext(threads: Self.cases[index].threads, instructionSet: Self.cases[index].isa)
  }

  func matrix(_ name: String) throws -> Matrix {
    Matrix(columns: width, values: try reference.input(name))
  }

  @Test(arguments: cases.indices) func convolutions(_ index: Int) throws {
    let context = try context(index)
    let frames = 2 * reference.checkpoint.dimensions.audioContext
    let bins = reference.checkpoint.dimensions.melBins
    let mel = Matrix(rows: frames + 2, columns: bins)
    let frameValues = try reference.input("mel")
    mel.replaceRows(from: 1, with: frameValues.span)
    let first = try Convolution(
      "encoder.conv1", in: reference.checkpoint, inputs: bins, outputs: width, stride: 1)
    let second = try Convolution(
      "encoder.conv2", in: reference.checkpoint, inputs: width, outputs: width, stride: 2)
    let middle = Matrix(rows: frames + 2, columns: width)
    first(mel, rows: frames, into: middle, outputRow: 1, in: context)
    try reference.expect(Array(middle.values.dropFirst(width).dropLast(width)), are: "conv1")
    let output = Matrix(rows: frames / 2, columns: width)
    second(middle, rows: frames / 2, into: output, in: context)
    try reference.expect(output.values, are: "conv2")
  }

  @Test(arguments: cases.indices) func encoderSelfAttention(_ index: Int) throws {
    let context = try context(index)
    let layer = try AttentionLayer(
      "encoder.layers.0.self_attn", in: reference.checkpoint, width: width, heads: heads)
    let stream = try matrix("stream")
    let workspace = Workspace(rows: rows, width: width)
    let store = layer.makeStore(capacity: rows)
    let output = Matrix(rows: rows, columns: width)
    layer.remember(stream, rows: rows, in: store, workspace: workspace, context: context)
    layer.attend(
      stream, rows: rows, to: store, mask: .none, into: output, workspace: workspace, context: context)
    try reference.expect(output.values, are: "encoder_self_attention")
  }

  @Test(arguments: cases.indices) func encoderLayer(_ index: Int) throws {
    let layer = try EncoderLayer("encoder.layers.0", in: reference.checkpoint, width: width, heads: heads)
    let stream = try matrix("stream")
    layer(
      stream, rows: rows, store: layer.makeStore(capacity: rows),
      workspace: Workspace(rows: rows, width: width),
      context: try context(index))
    try reference.expect(stream.values, are: "encoder_layer")
  }

  @Test(arguments: cases.indices) func selfAttentionWithAndWithoutCache(_ index: Int) throws {
    let context = try context(index)
    let layer = try AttentionLayer(
      "decoder.layers.0.self_attn", in: reference.checkpoint, width: width, heads: heads)
    let input = try reference.input("stream")
    let workspace = Workspace(rows: rows, width: width)
    for (name, steps) in [
      ("self_attention", [0..<rows]),
      ("self_attention_cached", [0..<prompt] + (prompt..<rows).map { $0..<$0 + 1 }),
    ] {
      let store = layer.makeStore(capacity: rows)
      var result: [Float] = []
      for step in steps {
        let part = Matrix(columns: width, values: input[step.lowerBound * width..<step.upperBound * width])
        let output = Matrix(rows: step.count, columns: width)
        layer.remember(part, rows: step.count, in: store, workspace: workspace, context: context)
        layer.attend(
          part, rows: step.count, to: store, mask: .causal(firstPosition: step.lowerBound), into: output,
          workspace: workspace, context: context)
        result += output.values
      }
      try reference.expect(result, are: name)
    }
  }

  @Test(arguments: cases.indices) func crossAttentionWithAndWithoutCache(_ index: Int) throws {
    let context = try context(index)
    let layer = try AttentionLayer(
      "decoder.layers.0.encoder_attn", in: reference.checkpoint, width: width, heads: heads)
    let input = try reference.input("stream")
    let encoded = try matrix("encoded")
    let workspace = Workspace(rows: encoded.rows, width: width)
    let store = layer.makeStore(capacity: encoded.rows)
    layer.remember(encoded, rows: encoded.rows, in: store, workspace: workspace, context: context)
    for (name, steps) in [
      ("cross_attention", [0..<rows]), ("cross_attention_cached", (0..<rows).map { $0..<$0 + 1 }),
    ] {
      var result: [Float] = []
      for step in steps {
        let part = Matrix(columns: width, values: input[step.lowerBound * width..<step.upperBound * width])
        let output = Matrix(rows: step.count, columns: width)
        layer.attend(
          part, rows: step.count, to: store, mask: .none, into: output, workspace: workspace, context: context
        )
        result += output.values
      }
      try reference.expect(result, are: name)
    }
  }

  @Test(arguments: cases.indices) func decoderLayer(_ index: Int) throws {
    let context = try context(index)
    let layer = try DecoderLayer("decoder.layers.0", in: reference.checkpoint, width: width, heads: heads)
    let stream = try matrix("stream")
    let encoded = try matrix("encoded")
    let cache = layer.makeCache(textContext: rows, audioContext: encoded.rows)
    let workspace = Workspace(rows: encoded.rows, width: width)
    layer.attendTo(encoded, rows: encoded.rows, cache: cache, workspace: workspace, context: context)
    layer(stream, rows: rows, cache: cache, workspace: workspace, context: context)
    try reference.expect(stream.values, are: "decoder_layer")
  }
}
