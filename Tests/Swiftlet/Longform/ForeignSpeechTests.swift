// Speech that an English-only model is not for: noticed where it is sure, and never in English.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Synchronization
import Testing

@testable import Swiftlet

@Suite struct ForeignSpeechTests {
  private func transcriber() async throws -> Transcriber {
    try await TestModels.transcriber()
  }

  /// The notices at the end of a transcription.
  private func notices(
    _ file: String, with transcriber: Transcriber, _ change: (inout TranscriptionOptions) -> Void = { _ in }
  ) async throws -> [String] {
    var options = TranscriptionOptions()
    change(&options)
    let last = Mutex<[String]>([])
    for try await _ in transcriber.segments(
      of: .file(path: Fixtures.url("speech/\(file)").path), options: options,
      progress: { progress in last.withLock { $0 = progress.notices } })
    {}
    return last.withLock { $0 }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func frenchAndSpanishAreNoticed() async throws {
    let transcriber = try await transcriber()
    for (file, sequential) in [
      ("fr/play_help.flac", false), ("fr/vm-rec-temp.flac", false), ("es/conf-adminmenu-162.flac", false),
      ("fr/vm-rec-temp.flac", true),
    ] {
      let found = try await notices(file, with: transcriber) { $0.sequential = sequential }
      #expect(found.count == 1)
      #expect(found.first?.contains("does not sound like English") == true)
      #expect(found.first?.contains("such as base") == true)
    }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func englishIsNot() async throws {
    let transcriber = try await transcriber()
    for file in [
      "jfk.flac", "1272-128104-0000.flac", "1688-142285-0001.flac", "1993-147965-0000.wav",
      "2414-128291-0002.flac", "LJ001-0001.wav", "LJ001-0002.wav", "long/1688-142285.opus",
    ] {
      for change: (inout TranscriptionOptions) -> Void in [{ _ in }, { $0.sequential = true }] {
        #expect(try await notices(file, with: transcriber, change).isEmpty, "\(file)")
      }
    }
    // Sampled text is improbable in any language.
    #expect(try await notices("jfk.flac", with: transcriber) { $0.fallback.temperatures = [1] }.isEmpty)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func multilingualModelsSayNothing() async throws {
    let transcriber = try await TestModels.transcriber("base")
    let found = try await notices("es/agent-incorrect.flac", with: transcriber) { $0.language = "en" }
    #expect(found.isEmpty)
  }

  private func evidence(
    _ logProbability: Double?, tokens: Int = 100, from start: Double = 0, seconds: Int = 30,
    pauses: Float = 0.001
  ) throws -> SpeechEvidence {
    let second = [Float](repeating: 0.1, count: 12_000) + [Float](repeating: pauses, count: 4_000)
    let result = DecodingResult(
      tokens: Array(repeating: 1, count: tokens - 1), logProbabilities: [], isComplete: true, temperature: 0,
      averageLogProbability: -0.1, firstLogProbability: logProbability, compressionRatio: 1,
      noSpeechProbability: 0, steps: 1)
    return try #require(
      SpeechEvidence(result, start: start, sound: Array(repeatElement(second, count: seconds).joined())))
  }

  @Test func littleOrNoisySoundDecidesNothing() throws {
    #expect(ForeignSpeechWatch.isForeign([try evidence(-1)], below: ForeignSpeechWatch.least))
    #expect(!ForeignSpeechWatch.isForeign([try evidence(-0.5)], below: ForeignSpeechWatch.least))
    #expect(!ForeignSpeechWatch.isForeign([try evidence(-1, tokens: 9)], below: ForeignSpeechWatch.least))
    #expect(
      !ForeignSpeechWatch.isForeign([try evidence(-1, pauses: 0.02)], below: ForeignSpeechWatch.least),
      "noisy")
    #expect(!ForeignSpeechWatch.isForeign([], below: ForeignSpeechWatch.least))
    let result = DecodingResult(
      tokens: [], logProbabilities: [], isComplete: true, temperature: 0, averageLogProbability: -3,
      compressionRatio: 9, noSpeechProbability: 0, steps: 1)
    #expect(SpeechEvidence(result, start: 0, sound: [0.1]) == nil, "only repetitions")
  }

  /// Whatever the order in which chunks end, the first 30 s decide.
  @Test func theFirstSpeechDecides() throws {
    let watch = ForeignSpeechWatch(beamSize: 1)
    watch.add(try evidence(-2, from: 60))
    #expect(!watch.isForeign(upTo: 30, isEnd: false))
    watch.add(try evidence(-0.1, from: 20))
    #expect(!watch.isForeign(upTo: 90, isEnd: false))
    #expect(!watch.isForeign(upTo: 90, isEnd: true))
    let other = ForeignSpeechWatch(beamSize: 1)
    other.add(try evidence(-2, seconds: 10))
    #expect(!other.isForeign(upTo: 10, isEnd: false), "more may come")
    #expect(other.isForeign(upTo: 10, isEnd: true))
    #expect(other.isForeign(upTo: 99, isEnd: false))
  }
}
