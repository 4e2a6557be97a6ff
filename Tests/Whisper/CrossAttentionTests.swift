// The forced pass over known tokens: what it looks at, and that nothing else depends on it.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite struct CrossAttentionTests {
  private let tokens = [1, 5, 9, 17, 200, 3]

  private func heads(_ network: any TestNetwork) -> [AlignmentHead] {
    let layers = network.dimensions.textLayers
    return [
      AlignmentHead(layer: layers - 1, head: 1), AlignmentHead(layer: 0, head: 0),
      AlignmentHead(layer: 0, head: network.dimensions.textHeads - 1),
    ]
  }

  private func sequence(_ network: any TestNetwork, _ plan: EncoderPositions) throws -> TextSequence {
    let audio = try network.memory(of: Reference().input("encoded"), at: plan)
    let sequence = network.makeSequence(over: audio)
    sequence.push(tokens)
    return sequence
  }

  @Test(arguments: Precision.allCases, Processor.all)
  func theStepIsTheSame(_ precision: Precision, _ processor: Processor) throws {
    let network = try processor.network(precision)
    let plain = try sequence(network, .exact(positions: 50))
    try network.step([plain])
    let expected = try network.states(rows: tokens.count)
    let observed = try sequence(network, .exact(positions: 50))
    let attention = try network.crossAttention(
      of: heads(network), positions: 31, consuming: observed)
    #expect(try network.states(rows: tokens.count) == expected)
    #expect(observed.position == tokens.count)
    #expect((network as? CPUNetwork)?.decoder.workspace.observer == nil)
    #expect(attention.positions == 31 && attention.weights.count == 3)
    for weights in attention.weights {
      #expect(weights.rows == tokens.count && weights.columns == 31)
      for row in 0..<tokens.count {
        let sum = (0..<31).reduce(Float(0)) { $0 + weights[row, $1] }
        #expect((sum - 1).magnitude < 1e-5)
      }
    }
    #expect(attention.weights[0].values != attention.weights[1].values)
    #expect(attention.weights[1].values != attention.weights[2].values)
  }

  /// The lowest layer's queries do not depend on the sound, so that folding what comes later must change nothing there.
  @Test(arguments: Precision.allCases, Processor.kinds)
  func aFoldedTailPlaysNoPart(_ precision: Precision, _ processor: Processor) throws {
    let network = try processor.network(precision)
    let folded = EncoderPositions.folded(positions: 50, sound: 19, margin: 2, step: 5)
    func weights(_ plan: EncoderPositions, _ positions: Int) throws -> CrossAttentionWeights {
      try network.crossAttention(
        of: heads(network), positions: positions, consuming: try sequence(network, plan))
    }
    let whole = try weights(.exact(positions: 50), 19)
    #expect(try weights(folded, 19).weights[1].values == whole.weights[1].values)
    #expect(try weights(folded, 50).positions == 21)
    #expect(try weights(.exact(positions: 50), 60).positions == 50)
  }

  @Test(arguments: Processor.kinds)
  func probabilitiesAreTheSoftmaxOfTheLogits(_ processor: Processor) throws {
    let network = try processor.network(.fp32)
    let sequence = try self.sequence(network, .exact(positions: 50))
    let many = (tokens.count..<network.dimensions.textContext).map { 3 * $0 }
    sequence.push(many)
    _ = try network.crossAttention(
      of: heads(network), positions: 50, consuming: sequence)
    let all = tokens + many
    let found = try network.probabilities(
      of: Array(all[2...]), followingRow: 1, below: 201, context: ComputeContext(threads: 1))
    #expect(found.count == all.count - 2)
    for (index, probability) in found.enumerated() {
      let logits = try network.computeLogits(ofRows: [1 + index]).withRow(0) { row in
        (0..<201).map { Double(row[$0]) }
      }
      let top = logits.max() ?? 0
      let weights = logits.map { exp($0 - top) }
      let expected = weights[all[2 + index]] / weights.reduce(0, +)
      #expect((Double(probability) - expected).magnitude <= 1e-5 * expected)
    }
  }

  @Test func anEngineKeepsTheHeadsThatTheModelNames() throws {
    let folder = TestFolder()
    for name in ["model.safetensors", "config.json"] {
      try FileManager.default.copyItem(
        at: Fixtures.url("whisper/\(name)"), to: folder.url.appending(path: name))
    }
    func heads() throws -> [AlignmentHead] {
      let engine = folder.url.appending(path: "engine")
      try EngineBuilder(
        checkpoint: try openCheckpoint(at: folder.url), model: "fixture", encoderPrecision: .fp32,
        decoderPrecision: .fp32, context: try ComputeContext(threads: 1)
      ).build(into: engine)
      return try WhisperModel(engine: engine).alignmentHeads
    }
    let layers = try EngineFixture.model(.fp32).dimensions.textLayers
    #expect(Set(try heads().map(\.layer)) == Set(layers / 2..<layers))
    try Data("{\"alignment_heads\": [[0, 1]]}".utf8).write(
      to: folder.url.appending(path: "generation_config.json"))
    #expect(try heads() == [AlignmentHead(layer: 0, head: 1)])
  }

  @Test(arguments: Processor.kinds) func tooManyTokensAreRefused(_ processor: Processor) throws {
    let network = try processor.network(.fp32)
    let sequence = try self.sequence(network, .exact(positions: 50))
    sequence.push([Int](repeating: 1, count: network.dimensions.textContext))
    #expect(throws: WhisperError.self) {
      try network.crossAttention(
        of: heads(network), positions: 50, consuming: sequence)
    }
    #expect((network as? CPUNetwork)?.decoder.workspace.observer == nil)
  }
}
