// Every module of the network against transformers, on every instruction set, with one thread and with three.

import SwiftletTestSupport
import Testing

@testable import SwiftletCompute
@testable import SwiftletWhisper

@Suite struct ModuleTests {
  let reference: Reference
  let model: WhisperModel
  let width: Int
  let rows = 11
  /// Rows that are consumed in one pass before the single steps.
  let prompt = 5

  init() throws {
    reference = try Reference()
    model = try EngineFixture.model(.fp32)
    width = model.dimensions.audioWidth
  }

  func matrix(_ name: String) throws -> Matrix {
    Matrix(columns: width, values: try reference.input(name))
  }

  @Test func embeddings() throws {
    let fixture = try EngineFixture(.fp32)
    let file = try EngineFile(.decoder, in: fixture.folder, try readEngineDescription(in: fixture.folder))
    let embedding = try file.linear("decoder.embed_tokens")
    let positions = try file.positions()
    let context = try ComputeContext(threads: 1)
    let tokens = try reference.tokens()
    let output = Matrix(rows: tokens.count, columns: width)
    for (row, token) in tokens.enumerated() {
      embedding.copyColumn(token, toRow: row, of: output)
      context.addRow(positions, row, to: output, row)
    }
    try reference.expect(output.values, are: "embeddings")
  }

  @Test(arguments: Way.all) func convolutions(_ way: Way) throws {
    let context = try way.context()
    let state = try model.encoder.makeState(context)
    try model.encoder.encode(try reference.input("mel"), in: state, context: context)
    try reference.expect(Array(state.convolved.values.dropFirst(width).dropLast(width)), are: "conv1")
    // The encoder adds the positions in the same pass; here the same product without them.
    let positions = model.dimensions.audioContext
    let output = Matrix(rows: positions, columns: width)
    for rows in [0..<17, 17..<positions] {
      context.productRows(
        state.convolved, inputStep: 2 * width, rows: rows, by: model.encoder.secondConvolution,
        activation: .gelu, into: output, outputRow: rows.lowerBound)
    }
    try reference.expect(output.values, are: "conv2")
  }

  @Test(arguments: Way.all) func encoderSelfAttention(_ way: Way) throws {
    let layer = model.encoder.layers[0]
    let attention = try SelfAttention(
      layer.queryKeyValue, layer.out, heads: model.dimensions.audioHeads, capacity: rows, way.context())
    try reference.expect(attention.consume(matrix("stream"), isCausal: false), are: "encoder_self_attention")
  }

  @Test(arguments: Way.all) func encoderLayer(_ way: Way) throws {
    let context = try way.context()
    let heads = model.dimensions.audioHeads
    let stream = try matrix("stream")
    let memory = AttentionMemory(heads: heads, headWidth: width / heads, capacity: rows, precision: .fp32)
    memory.count = rows
    let queries = Matrix(rows: heads * rows, columns: PackedLinear.panelColumns)
    let scratch = EncoderScratch(
      width: width, heads: heads, positions: rows, precision: .fp32, context: context)
    let blocks = [0..<6, 6..<7, 7..<rows]
    for block in blocks {
      model.encoder.layers[0].project(
        stream, rows: block, queries: queries, memory: memory, scratch: scratch, context: context)
    }
    for block in blocks {
      model.encoder.layers[0].finish(
        stream, rows: block, queries: queries, memory: memory, scratch: scratch, precision: .fp32,
        context: context)
    }
    try reference.expect(stream.values, are: "encoder_layer")
  }

  @Test(arguments: Way.all) func selfAttentionWithAndWithoutCache(_ way: Way) throws {
    let layer = model.decoder.layers[0]
    let input = try reference.input("stream")
    for (name, steps) in [
      ("self_attention", [0..<rows]),
      ("self_attention_cached", [0..<prompt] + (prompt..<rows).map { $0..<$0 + 1 }),
    ] {
      let attention = try SelfAttention(
        layer.queryKeyValue, layer.selfOut, heads: model.dimensions.textHeads, capacity: rows, way.context())
      let result = steps.flatMap { step in
        attention.consume(
          Matrix(columns: width, values: input[step.lowerBound * width..<step.upperBound * width]),
          isCausal: true)
      }
      try reference.expect(result, are: name)
    }
  }

  @Test(arguments: Way.all) func crossAttentionWithAndWithoutCache(_ way: Way) throws {
    let context = try way.context()
    let layer = model.decoder.layers[0]
    let input = try reference.input("stream")
    let audio = try CPUNetwork(model, context: context).memory(
      of: reference.input("encoded"), at: .exact(positions: 50))
    for (name, steps) in [
      ("cross_attention", [0..<rows]), ("cross_attention_cached", (0..<rows).map { $0..<$0 + 1 }),
    ] {
      let attention = Attention(audio.store.memories[0], layer.crossQuery, layer.crossOut, context)
      let result = steps.flatMap { step in
        attention.attend(
          Matrix(columns: width, values: input[step.lowerBound * width..<step.upperBound * width]),
          mask: .none)
      }
      try reference.expect(result, are: name)
    }
  }

  @Test(arguments: Way.all) func decoderLayer(_ way: Way) throws {
    let context = try way.context()
    let network = try CPUNetwork(model, context: context)
    let (decoder, state) = (model.decoder, network.decoder)
    let audio = network.memory(of: try reference.input("encoded"), at: .exact(positions: 50))
    let sequence = network.makeSequence(over: audio)
    // Which tokens they are does not matter: the stream is replaced.
    sequence.push([Int](repeating: 0, count: rows))
    state.workspace.begin([sequence])
    let stream = try matrix("stream")
    for row in 0..<rows {
      for column in 0..<width { state.workspace.stream[row, column] = stream[row, column] }
    }
    let work = TeamWork { thread in
      decoder.layers[0].run(0, state.workspace, thread: thread, context: context)
    }
    context.pool.together(work)
    try reference.expect(state.workspace.stream.values(rows: rows), are: "decoder_layer")
  }
}

/// Attention to a memory by its pieces: without the normalization before it and the residual after it, which the layers
/// fuse with it and the reference does not have.
private struct Attention {
  let memory: AttentionMemory
  let query: PackedLinear
  let out: PackedLinear
  let context: ComputeContext
  let scratch: AttentionScratch

  init(_ memory: AttentionMemory, _ query: PackedLinear, _ out: PackedLinear, _ context: ComputeContext) {
    self.memory = memory
    self.query = query
    self.out = out
    self.context = context
    scratch = AttentionScratch(positions: memory.capacity, precision: .fp32, context: context)
  }

  /// One head of what `linear` makes of the input; `panel` counts heads of queries, then of keys, then of values.
  func project(_ input: Matrix, by linear: PackedLinear, panel: Int) -> Matrix {
    let output = Matrix(rows: input.rows, columns: PackedLinear.panelColumns)
    context.productRows(
      input, rows: 0..<input.rows, by: linear, panels: panel..<panel + 1, into: output, outputRow: 0)
    return output
  }

  func attend(_ input: Matrix, mask: AttentionMask) -> [Float] {
    let queries = Matrix(rows: memory.heads * input.rows, columns: PackedLinear.panelColumns)
    let attended = Matrix(rows: input.rows, columns: memory.heads * PackedLinear.panelColumns)
    for head in 0..<memory.heads {
      context.convertRows(
        project(input, by: query, panel: head), rows: 0..<input.rows, scale: memory.queryScale,
        into: queries, outputRow: head * input.rows)
      context.attendRows(
        queries, rows: 0..<input.rows, head: head, to: memory, mask: mask, scratch: scratch, into: attended,
        outputRow: 0)
    }
    let output = Matrix(rows: input.rows, columns: out.columns)
    context.product(attended, rows: input.rows, by: out, into: output)
    return output.values
  }
}

/// Self attention, which remembers what it has consumed.
private struct SelfAttention {
  let attention: Attention

  init(
    _ queryKeyValue: PackedLinear, _ out: PackedLinear, heads: Int, capacity: Int, _ context: ComputeContext
  ) {
    attention = Attention(
      AttentionMemory(
        heads: heads, headWidth: out.columns / heads, capacity: capacity, precision: .fp32),
      queryKeyValue, out, context)
  }

  func consume(_ input: Matrix, isCausal: Bool) -> [Float] {
    let memory = attention.memory
    let first = memory.count
    for head in 0..<memory.heads {
      attention.context.storeKeys(
        attention.project(input, by: attention.query, panel: memory.heads + head), rows: input.rows,
        head: head, at: first, in: memory)
      attention.context.storeValues(
        attention.project(input, by: attention.query, panel: 2 * memory.heads + head), rows: input.rows,
        head: head, at: first, in: memory)
    }
    memory.count += input.rows
    return attention.attend(input, mask: isCausal ? .causal(firstPosition: first) : .none)
  }
}
