// The whole encoder and the whole decoder in fp32 against transformers, on CPU and GPU, and what they refuse.

import SwiftletCompute
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite struct NetworkTests {
  let reference: Reference
  let model: WhisperModel

  init() throws {
    reference = try Reference()
    model = try EngineFixture.model(.fp32)
  }

  @Test(arguments: Processor.all) func encoder(_ processor: Processor) throws {
    let network = try processor.network(model)
    let mel = try reference.input("mel")
    // A window before leaves nothing behind, nor does a folded one.
    _ = try network.features(
      of: EncoderInput(
        logMel: mel.map { 3 - $0 }, positions: .folded(positions: 50, sound: 11, margin: 2, step: 3)))
    _ = try network.features(of: EncoderInput(logMel: mel.map { 1 - $0 }))
    try reference.expect(network.features(of: EncoderInput(logMel: mel)), are: "encoder")
  }

  @Test(arguments: Processor.all) func decoderInOnePass(_ processor: Processor) throws {
    let tokens = try reference.tokens()
    let run = try DecoderRun(processor.network(model), reference.input("encoded"))
    let result = try run.consume(tokens)
    try reference.expect(result.hidden, are: "decoder")
    try reference.expect(result.logits, are: "logits")
  }

  @Test(arguments: Processor.all) func decoderStepByStepAfterAPrompt(_ processor: Processor) throws {
    let tokens = try reference.tokens()
    let run = try DecoderRun(processor.network(model), reference.input("encoded"))
    var hidden: [Float] = []
    var logits: [Float] = []
    for step in [0..<4] + (4..<tokens.count).map({ $0..<$0 + 1 }) {
      let result = try run.consume(Array(tokens[step]))
      hidden += result.hidden
      logits += result.logits
      // The last row and the first, as decoding may ask for both.
      let both = try run.network.computeLogits(ofRows: [step.count - 1, 0])
      #expect(both.values(rows: 1) == result.logits.suffix(both.columns))
      #expect(both.values(rows: 2).suffix(both.columns) == result.logits.prefix(both.columns))
    }
    try reference.expect(hidden, are: "decoder")
    try reference.expect(logits, are: "logits")
  }

  /// A token's row is the same sums whether it comes alone or with others.
  @Test(arguments: Precision.allCases) func stepsAndOnePassAreTheSameBitForBit(_ precision: Precision) throws
  {
    let model = try EngineFixture.model(precision)
    let tokens = try reference.tokens()
    for processor in Processor.single {
      let whole = try DecoderRun(processor.network(model), reference.input("encoded")).consume(tokens)
      let run = try DecoderRun(processor.network(model), reference.input("encoded"))
      let steps = try [0..<2, 2..<3, 3..<8, 8..<tokens.count].map { try run.consume(Array(tokens[$0])) }
      #expect(steps.flatMap(\.hidden) == whole.hidden, "\(processor)")
      #expect(steps.flatMap(\.logits) == whole.logits, "\(processor)")
    }
  }

  @Test(arguments: Precision.allCases, Processor.kinds)
  func rewindingForgetsTokens(_ precision: Precision, _ processor: Processor) throws {
    let model = try EngineFixture.model(precision)
    let tokens = try reference.tokens()
    let run = try DecoderRun(processor.network(model), reference.input("encoded"))
    _ = try run.consume(Array(tokens.prefix(3)) + [7, 8, 9])
    run.sequence.push([11, 12])
    run.sequence.rewind(to: 3)
    #expect(run.sequence.position == 3)
    #expect(run.sequence.pending.isEmpty)
    let last = try run.consume(Array(tokens.dropFirst(3)))
    let fresh = try DecoderRun(processor.network(model), reference.input("encoded")).consume(tokens)
    #expect(last.logits == fresh.logits.suffix(last.logits.count))

    // Other audio, and then the same again.
    let other = try DecoderRun(run.network, reference.input("encoded").map { -$0 })
    let expected = try other.consume(tokens)
    run.sequence.restart(over: other.audio)
    #expect(try run.consume(tokens).logits == expected.logits)
    run.sequence.restart(over: run.audio)
    #expect(try run.consume(tokens).logits == fresh.logits)
  }

  @Test(arguments: Processor.all) func encoderAndDecoderTogether(_ processor: Processor) throws {
    let network = try processor.network(model)
    let (audio, other) = (network.makeAudioMemory(), network.makeAudioMemory())
    let mel = try reference.input("mel")
    try network.listen(
      to: [EncoderInput(logMel: mel), EncoderInput(logMel: mel.map { 1 - $0 })], into: [audio, other])
    let run = DecoderRun(network, audio)
    try reference.expect(try run.consume(try reference.tokens()).logits, are: "whole")
  }

  @Test(arguments: Processor.kinds) func aSpectrogramOfTheWrongSizeIsRefused(_ processor: Processor) throws {
    let network = try processor.network(model)
    for count in [0, 80, 7_999, 8_001] {
      #expect(throws: WhisperError.spectrogramSize(count: count, expected: 8_000)) {
        try network.listen(
          to: [EncoderInput(logMel: [Float](repeating: 0, count: count))], into: [network.makeAudioMemory()])
      }
    }
  }

  @Test(arguments: Processor.kinds)
  func tokensOutsideTheVocabularyOrTheContextAreRefused(_ processor: Processor) throws {
    let run = try DecoderRun(processor.network(model), reference.input("encoded"))
    for token in [-1, 211, .max, .min] {
      #expect(throws: WhisperError.noSuchToken(token, vocabularySize: 211)) { try run.consume([1, token]) }
      run.sequence.rewind(to: 0)
    }
    #expect(throws: WhisperError.contextExceeded(tokens: 25, positions: 24)) {
      try run.consume([Int](repeating: 1, count: 25))
    }
    run.sequence.rewind(to: 0)
    _ = try run.consume([Int](repeating: 1, count: 24))
    #expect(throws: WhisperError.contextExceeded(tokens: 25, positions: 24)) { try run.consume([1]) }
    // What was refused has changed nothing.
    #expect(run.sequence.position == 24)
  }

  /// Each sequence has room, but a step has no more rows than the context has positions.
  @Test(arguments: Processor.kinds) func tooManyRowsInOneStepAreRefused(_ processor: Processor) throws {
    let run = try DecoderRun(processor.network(model), reference.input("encoded"))
    let other = run.network.makeSequence(over: run.audio)
    run.sequence.push([Int](repeating: 1, count: 13))
    other.push([Int](repeating: 1, count: 12))
    #expect(throws: WhisperError.contextExceeded(tokens: 25, positions: 24)) {
      try run.network.step([run.sequence, other])
    }
    #expect(run.sequence.position == 0 && other.position == 0)
    other.rewind(to: 0)
    other.push([Int](repeating: 1, count: 11))
    try run.network.step([run.sequence, other])
    #expect(run.sequence.position == 13 && other.position == 11)
  }
}

/// One sequence over one encoded window.
struct DecoderRun {
  let network: any TestNetwork
  let audio: AudioMemory
  let sequence: TextSequence

  init(_ network: any TestNetwork, _ audio: AudioMemory) {
    self.network = network
    self.audio = audio
    sequence = network.makeSequence(over: audio)
  }

  init(_ network: any TestNetwork, _ encoded: [Float], at positions: EncoderPositions? = nil) throws {
    let positions = positions ?? .exact(positions: network.dimensions.audioContext)
    self.init(network, try network.memory(of: encoded, at: positions))
  }

  init(
    _ model: WhisperModel, _ encoded: [Float], _ context: ComputeContext,
    at positions: EncoderPositions? = nil
  ) throws {
    try self.init(CPUNetwork(model, context: context), encoded, at: positions)
  }

  /// Final hidden states and logits of every token.
  func consume(_ tokens: [Int]) throws -> (hidden: [Float], logits: [Float]) {
    sequence.push(tokens)
    try network.step([sequence])
    let logits = try tokens.indices.flatMap { try network.computeLogits(ofRows: [$0]).values(rows: 1) }
    return (try network.states(rows: tokens.count), logits)
  }
}
