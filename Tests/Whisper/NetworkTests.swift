// The whole encoder and the whole decoder against transformers, and what they refuse.

import SwiftletCompute
import SwiftletTestSupport
import SwiftletWhisper
import Testing

@Suite struct NetworkTests {
  let reference: Reference
  let model: WhisperModel

  init() throws {
    reference = try Reference()
    model = try WhisperModel(reference.checkpoint)
  }

  func context(_ index: Int) throws -> ComputeContext {
    try ComputeContext(
      threads: ModuleTests.cases[index].threads, instructionSet: ModuleTests.cases[index].isa)
  }

  @Test(arguments: ModuleTests.cases.indices) func encoder(_ index: Int) throws {
    let context = try context(index)
    let state = model.encoder.makeState()
    let mel = try reference.input("mel")
    // A window before leaves nothing behind.
    try model.encoder.encode(mel.map { 3 - $0 }, in: state, context: context)
    try model.encoder.encode(mel, in: state, context: context)
    try reference.expect(state.output.values, are: "encoder")
  }

  @Test(arguments: ModuleTests.cases.indices) func decoderInOnePass(_ index: Int) throws {
    let context = try context(index)
    let tokens = try reference.tokens()
    let state = try begin(context)
    let hidden = try model.decoder.consume(tokens, in: state, context: context)
    try reference.expect(hidden.values(rows: tokens.count), are: "decoder")
    try reference.expect(logits(rows: tokens.count, in: state, context), are: "logits")
  }

  @Test(arguments: ModuleTests.cases.indices) func decoderStepByStepAfterAPrompt(_ index: Int) throws {
    let context = try context(index)
    let tokens = try reference.tokens()
    let state = try begin(context)
    var hidden: [Float] = []
    var all: [Float] = []
    for step in [0..<4] + (4..<tokens.count).map({ $0..<$0 + 1 }) {
      hidden += try model.decoder.consume(Array(tokens[step]), in: state, context: context).values(
        rows: step.count)
      all += logits(rows: step.count, in: state, context)
    }
    try reference.expect(hidden, are: "decoder")
    try reference.expect(all, are: "logits")
  }

  @Test func rewindingForgetsTokens() throws {
    let context = try context(0)
    let tokens = try reference.tokens()
    let state = try begin(context)
    try model.decoder.consume(Array(tokens.prefix(3)) + [7, 8, 9], in: state, context: context)
    state.rewind(to: 3)
    try model.decoder.consume(Array(tokens.dropFirst(3)), in: state, context: context)
    let last = logits(rows: tokens.count - 3, in: state, context)
    let fresh = try begin(context)
    try model.decoder.consume(tokens, in: fresh, context: context)
    let expected = logits(rows: tokens.count, in: fresh, context).suffix(last.count)
    #expect(zip(last, expected).allSatisfy { ($0 - $1).magnitude < 1e-5 })
  }

  @Test(arguments: ModuleTests.cases.indices) func encoderAndDecoderTogether(_ index: Int) throws {
    let context = try context(index)
    let encoderState = model.encoder.makeState()
    try model.encoder.encode(try reference.input("mel"), in: encoderState, context: context)
    let state = model.decoder.makeState()
    model.decoder.begin(encoderState.output, in: state, context: context)
    let tokens = try reference.tokens()
    try model.decoder.consume(tokens, in: state, context: context)
    try reference.expect(logits(rows: tokens.count, in: state, context), are: "whole")
  }

  @Test func threadsDoNotChangeTheResult() throws {
    let mel = try reference.input("mel")
    let results = try [1, 2, 5].map { threads in
      let state = model.encoder.makeState()
      try model.encoder.encode(mel, in: state, context: try ComputeContext(threads: threads))
      return state.output.values
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test func aSpectrogramOfTheWrongSizeIsRefused() throws {
    let context = try context(0)
    let state = model.encoder.makeState()
    #expect(throws: WhisperError.spectrogramSize(count: 80, expected: 8_000)) {
      try model.encoder.encode([Float](repeating: 0, count: 80), in: state, context: context)
    }
  }

  @Test func tokensOutsideTheVocabularyOrTheContextAreRefused() throws {
    let context = try context(0)
    let state = try begin(context)
    for token in [-1, 211] {
      #expect(throws: WhisperError.noSuchToken(token, vocabularySize: 211)) {
        try model.decoder.consume([1, token], in: state, context: context)
      }
    }
    try model.decoder.consume([Int](repeating: 1, count: 24), in: state, context: context)
    #expect(throws: WhisperError.contextExceeded(tokens: 25, positions: 24)) {
      try model.decoder.consume([1], in: state, context: context)
    }
  }

  private func begin(_ context: ComputeContext) throws -> TextDecoder.State {
    let state = model.decoder.makeState()
    let encoded = Matrix(columns: model.dimensions.audioWidth, values: try reference.input("encoded"))
    model.decoder.begin(encoded, in: state, context: context)
    return state
  }

  private func logits(rows: Int, in state: TextDecoder.State, _ context: ComputeContext) -> [Float] {
    (0..<rows).flatMap { model.decoder.logits(ofRow: $0, in: state, context: context).values }
  }
}
