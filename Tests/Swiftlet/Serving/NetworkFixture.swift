// A scheduler of a small network, and decodings for it.

import Foundation
import SwiftletAudio
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestSupport
import SwiftletWhisper

@testable import Swiftlet

struct NetworkFixture: @unchecked Sendable {
  let scheduler: NetworkScheduler
  /// What its decodings listen to.
  let audio: AudioMemory
  var dimensions: ModelDimensions { scheduler.network.dimensions }

  init() throws {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    let context = try ComputeContext(threads: 2)
    try EngineBuilder(
      checkpoint: try openCheckpoint(at: Fixtures.url("whisper")), model: "fixture", encoderPrecision: .fp32,
      decoderPrecision: .fp32, context: context
    ).build(into: folder)
    let network = try CPUNetwork(WhisperModel(engine: folder), context: context)
    scheduler = NetworkScheduler(network, context: context)
    audio = network.randomAudio()
  }

  /// Greedy decoding of `count` tokens at most after a prompt.
  func decoding(_ prompt: [Int], count: Int, log: @escaping () -> Void = {}) -> RunningSearch {
    let sequences = scheduler.pool.take(1, over: audio)
    sequences[0].push(prompt)
    let beginning = SearchBeginning(
      sequences: sequences, promptLength: prompt.count, given: [],
      rules: LogitRules(suppressed: SuppressTokens(tokens: [0])), ranker: HypothesisRanker(),
      endOfText: 0, limit: count, contextLength: dimensions.textContext)
    return RunningSearch(
      SamplingSearch(beginning, temperature: 0, seed: 0, vocabularySize: dimensions.vocabularySize), log: log)
  }

  /// Blocks, as callers do, on a thread of its own.
  func run(_ decoding: RunningSearch) async throws -> [Int] {
    let decoding = UncheckedSearch(search: decoding)
    return try await onThread {
      _ = try scheduler.run(decoding.search, stop: StopFlag())
      return decoding.search.search.best.tokens
    }
  }
}

private struct UncheckedSearch: @unchecked Sendable { let search: RunningSearch }

/// A search as a decoding of its own.
final class RunningSearch: SteppedDecoding {
  let search: any TokenSearch
  private let log: () -> Void

  init(_ search: any TokenSearch, log: @escaping () -> Void = {}) {
    self.search = search
    self.log = log
  }

  var sequences: [TextSequence] { search.sequences }
  var extraRow: Int? { nil }

  func advance(_ logits: LogitRows) {
    log()
    search.advance(logits)
  }
}

extension CPUNetwork {
  /// A memory of 50 positions of features that are no sound's.
  func randomAudio() -> AudioMemory {
    var generator = SeededGenerator(seed: 3)
    let features = (0..<50 * dimensions.audioWidth).map { _ in Float.random(in: -1..<1, using: &generator) }
    let audio = makeAudioMemory()
    attend(
      to: Matrix(columns: dimensions.audioWidth, values: features), at: .exact(positions: 50), with: audio)
    return audio
  }
}

/// Runs what blocks on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}
