// Every module of the network on a GPU against transformers.

import SwiftletDevice
import SwiftletTestDevices
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite(.enabled(if: TestTier.emulatesDevices)) struct DeviceModuleTests {
  let reference: Reference
  let model: WhisperModel
  let network: DeviceNetwork
  let width: Int
  let rows = 11
  /// Rows that are consumed in one pass before the single steps.
  let prompt = 5

  init() throws {
    reference = try Reference()
    model = try EngineFixture.model(.fp32)
    network = try DeviceNetwork(model, on: .emulated())
    width = model.dimensions.audioWidth
  }

  @Test func embeddings() throws {
    let tokens = try reference.tokens()
    let sequence = network.makeSequence(over: network.makeAudioMemory())
    sequence.push(tokens)
    try begin([sequence])
    try network.decoder.embed(rows: tokens.count)
    try expect(network.decoder.residual, rows: tokens.count, is: "embeddings")
  }

  @Test func convolutions() throws {
    let encoder = network.encoder
    _ = try network.features(of: EncoderInput(logMel: try reference.input("mel")))
    let frames = 2 * model.dimensions.audioContext
    try reference.expect(
      network.floats(in: encoder.convolved, from: width, count: frames * width), are: "conv1")
    try encoder.embed(1)
    let embedded = try network.floats(in: encoder.residual, count: frames / 2 * width)
    let positions = try model.encoder.positions().values
    try reference.expect(zip(embedded, positions).map { $0 - $1 }, are: "conv2")
  }

  @Test func encoderSelfAttention() throws {
    try network.prepare([network.makeAudioMemory()], [.exact(positions: rows)])
    try network.put(reference.input("stream"), into: network.encoder.normalized, .fp32)
    try network.stream.fill(network.encoder.residual)
    try network.encoder.attend(layer: 0, windows: 1)
    try expect(network.encoder.residual, rows: rows, is: "encoder_self_attention")
  }

  @Test func encoderLayer() throws {
    try network.prepare([network.makeAudioMemory()], [.exact(positions: rows)])
    try network.put(reference.input("stream"), into: network.encoder.residual, .fp32)
    try network.encoder.run(layer: 0, windows: 1)
    try expect(network.encoder.residual, rows: rows, is: "encoder_layer")
  }

  @Test func selfAttentionWithAndWithoutCache() throws {
    try expectAttention("self_attention", "self_attention_cached") { rows in
      try network.decoder.attendSelf(layer: 0, rows: rows)
    }
  }

  @Test func crossAttentionWithAndWithoutCache() throws {
    try expectAttention("cross_attention", "cross_attention_cached") { rows in
      try network.decoder.attendCross(layer: 0, rows: rows)
    }
  }

  @Test func decoderLayer() throws {
    let sequence = network.makeSequence(over: try audio())
    // Which tokens they are does not matter: the stream is replaced.
    sequence.push([Int](repeating: 0, count: rows))
    try begin([sequence])
    try network.put(reference.input("stream"), into: network.decoder.residual, .fp32)
    try network.decoder.run(layer: 0, rows: rows)
    try expect(network.decoder.residual, rows: rows, is: "decoder_layer")
  }

  private func audio() throws -> AudioMemory {
    try network.memory(of: reference.input("encoded"), at: .exact(positions: 50))
  }

  /// The rows of a step, whose launches the test makes itself.
  private func begin(_ sequences: [TextSequence]) throws {
    _ = try network.decoder.writeRows(sequences)
    try network.decoder.table.copy()
  }

  private func expect(_ buffer: DeviceBuffer, rows: Int, is name: String) throws {
    try reference.expect(network.floats(in: buffer, count: rows * width), are: name)
  }

  /// Attention without the normalization before it and the residual after it, which the reference does not have.
  private func expectAttention(_ whole: String, _ cached: String, attend: (_ rows: Int) throws -> Void) throws
  {
    let input = try reference.input("stream")
    let decoder = network.decoder
    for (name, steps) in [(whole, [0..<rows]), (cached, [0..<prompt] + (prompt..<rows).map { $0..<$0 + 1 })] {
      let sequence = network.makeSequence(over: try audio())
      var result: [Float] = []
      for step in steps {
        sequence.push([Int](repeating: 0, count: step.count))
        try begin([sequence])
        try network.put(
          Array(input[step.lowerBound * width..<step.upperBound * width]), into: decoder.normalized, .fp32)
        try network.stream.fill(decoder.residual)
        try attend(step.count)
        result += try network.floats(in: decoder.residual, count: step.count * width)
        sequence.consumePending()
      }
      try reference.expect(result, are: name)
    }
  }
}
