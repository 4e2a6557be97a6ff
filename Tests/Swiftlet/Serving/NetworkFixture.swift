// A scheduler of a small network, and decodings for it.

import Foundation
import SwiftletAudio
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletDevice
import SwiftletTestSupport
import SwiftletWhisper

@testable import Swiftlet

struct NetworkFixture: @unchecked Sendable {
  let scheduler: NetworkScheduler
  /// What its decodings listen to.
  let audio: AudioMemory
  var dimensions: ModelDimensions { scheduler.network.dimensions }

  /// - Parameter gpu: that the network runs on; nil for the CPU.
  init(on gpu: Device? = nil) throws {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    let context = try ComputeContext(threads: 2)
    try EngineBuilder(
      checkpoint: try openCheckpoint(at: Fixtures.url("whisper")), model: "fixture", encoderPrecision: .fp32,
      decoderPrecision: .fp32, context: context
    ).build(into: folder)
    let model = try WhisperModel(engine: folder)
    let network: any Network =
      if let gpu { try DeviceNetwork(model, on: gpu) } else { try CPUNetwork(model, context: context) }
    scheduler = NetworkScheduler(network, context: context)
    audio = try network.randomAudio()
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

extension Network {
  /// A memory of a window that is no sound's.
  func randomAudio() throws -> AudioMemory {
    var generator = SeededGenerator(seed: 3)
    let count = 2 * dimensions.audioContext * dimensions.melBins
    let audio = makeAudioMemory()
    let window = EncoderInput(logMel: (0..<count).map { _ in Float.random(in: -1..<1, using: &generator) })
    try listen(to: [window], into: [audio])
    return audio
  }
}

/// Runs what blocks on a thread of its own. Its result comes under a lock: ThreadSanitizer doesn't know every order that a
/// continuation makes.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  let outcome = Outcome<Value>()
  await withCheckedContinuation { continuation in
    Thread.detachNewThread {
      outcome.finish(Result { try body() })
      continuation.resume()
    }
  }
  // It is there already.
  return try outcome.wait()
}
