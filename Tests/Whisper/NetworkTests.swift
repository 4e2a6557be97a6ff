// The whole encoder and the whole decoder in fp32 against transformers, and what they refuse.

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

  @Test(arguments: Way.all) func encoder(_ way: Way) throws {
    let network = try CPUNetwork(model, context: way.context())
    let mel = try reference.input("mel")
    // A window before leaves nothing behind, nor does a folded one.
    try network.encode(
      EncoderInput(
        logMel: mel.map { 3 - $0 }, positions: .folded(positions: 50, sound: 11, margin: 2, step: 3)))
    try network.encode(EncoderInput(logMel: mel.map { 1 - $0 }))
    try network.encode(EncoderInput(logMel: mel))
    try reference.expect(network.features.values, are: "encoder")
  }

  @Test(arguments: Way.all) func decoderInOnePass(_ way: Way) throws {
    let tokens = try reference.tokens()
    let run = try DecoderRun(model, reference.input("encoded"), way.context())
    let result = try run.consume(tokens)
    try reference.expect(result.hidden, are: "decoder")
    try reference.expect(result.logits, are: "logits")
  }

  @Test(arguments: Way.all) func decoderStepByStepAfterAPrompt(_ way: Way) throws {
    let tokens = try reference.tokens()
    let run = try DecoderRun(model, reference.input("encoded"), way.context())
    var hidden: [Float] = []
    var logits: [Float] = []
    for step in [0..<4] + (4..<tokens.count).map({ $0..<$0 + 1 }) {
      let result = try run.consume(Array(tokens[step]))
      hidden += result.hidden
      logits += result.logits
      // The last row and the first, as decoding may ask for both.
      let both = run.network.computeLogits(ofRows: [step.count - 1, 0])
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
    for isa in InstructionSet.available {
      let context = try ComputeContext(threads: 2, instructionSet: isa)
      let whole = try DecoderRun(model, reference.input("encoded"), context).consume(tokens)
      let run = try DecoderRun(model, reference.input("encoded"), context)
      let steps = try [0..<2, 2..<3, 3..<8, 8..<tokens.count].map { try run.consume(Array(tokens[$0])) }
      #expect(steps.flatMap(\.hidden) == whole.hidden, "\(isa)")
      #expect(steps.flatMap(\.logits) == whole.logits, "\(isa)")
    }
  }

  @Test(arguments: Precision.allCases) func rewindingForgetsTokens(_ precision: Precision) throws {
    let model = try EngineFixture.model(precision)
    let context = try ComputeContext(threads: 2)
    let tokens = try reference.tokens()
    let run = try DecoderRun(model, reference.input("encoded"), context)
    _ = try run.consume(Array(tokens.prefix(3)) + [7, 8, 9])
    run.sequence.push([11, 12])
    run.sequence.rewind(to: 3)
    #expect(run.sequence.position == 3)
    #expect(run.sequence.pending.isEmpty)
    let last = try run.consume(Array(tokens.dropFirst(3)))
    let fresh = try DecoderRun(model, reference.input("encoded"), context).consume(tokens)
    #expect(last.logits == fresh.logits.suffix(last.logits.count))

    // Other audio, and then the same again.
    let other = try DecoderRun(model, reference.input("encoded").map { -$0 }, context)
    let expected = try other.consume(tokens)
    run.sequence.restart(over: other.audio)
    #expect(try run.consume(tokens).logits == expected.logits)
    run.sequence.restart(over: run.audio)
    #expect(try run.consume(tokens).logits == fresh.logits)
  }

  @Test(arguments: Way.all) func encoderAndDecoderTogether(_ way: Way) throws {
    let network = try CPUNetwork(model, context: way.context())
    let (audio, other) = (network.makeAudioMemory(), network.makeAudioMemory())
    let mel = try reference.input("mel")
    try network.listen(
      to: [EncoderInput(logMel: mel), EncoderInput(logMel: mel.map { 1 - $0 })], into: [audio, other])
    let run = DecoderRun(network, audio)
    try reference.expect(try run.consume(try reference.tokens()).logits, are: "whole")
  }

  @Test func aSpectrogramOfTheWrongSizeIsRefused() throws {
    let network = try CPUNetwork(model, context: ComputeContext(threads: 1))
    for count in [0, 80, 7_999, 8_001] {
      #expect(throws: WhisperError.spectrogramSize(count: count, expected: 8_000)) {
        try network.listen(
          to: [EncoderInput(logMel: [Float](repeating: 0, count: count))], into: [network.makeAudioMemory()])
      }
    }
  }

  @Test func tokensOutsideTheVocabularyOrTheContextAreRefused() throws {
    let context = try ComputeContext(threads: 1)
    let run = try DecoderRun(model, reference.input("encoded"), context)
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
  @Test func tooManyRowsInOneStepAreRefused() throws {
    let context = try ComputeContext(threads: 1)
    let run = try DecoderRun(model, reference.input("encoded"), context)
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
  let network: CPUNetwork
  let audio: AudioMemory
  let sequence: TextSequence

  init(_ network: CPUNetwork, _ audio: AudioMemory) {
    self.network = network
    self.audio = audio
    sequence = network.makeSequence(over: audio)
  }

  init(
    _ model: WhisperModel, _ encoded: [Float], _ context: ComputeContext,
    at positions: EncoderPositions? = nil
  ) throws {
    let network = try CPUNetwork(model, context: context)
    self.init(
      network, network.memory(of: encoded, at: positions ?? .exact(positions: model.dimensions.audioContext)))
  }

  /// Final hidden states and logits of every token.
  func consume(_ tokens: [Int]) throws -> (hidden: [Float], logits: [Float]) {
    sequence.push(tokens)
    try network.step([sequence])
    let logits = (0..<tokens.count).flatMap { network.computeLogits(ofRows: [$0]).values(rows: 1) }
    return (network.states(rows: tokens.count), logits)
  }
}

extension CPUNetwork {
  /// What the decoder hears of features that were recorded or made up.
  func memory(of features: [Float], at positions: EncoderPositions) -> AudioMemory {
    let memory = makeAudioMemory()
    attend(to: Matrix(columns: dimensions.audioWidth, values: features), at: positions, with: memory)
    return memory
  }

  /// The final hidden states of the first rows of the last step.
  func states(rows: Int) -> [Float] { decoder.workspace.states.values(rows: rows) }
}
