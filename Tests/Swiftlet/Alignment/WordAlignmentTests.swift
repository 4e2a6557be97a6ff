// Words of real speech and their times, against openai-whisper's.

import Foundation
import SwiftletAudio
import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import SwiftletWhisper
import Testing

@testable import Swiftlet

@Suite struct WordAlignmentTests {
  /// Given openai-whisper's segments and what came before them, calls `body` with its words and ours.
  private func compare(
    _ name: String, _ precision: EnginePrecision, folded: Bool = false, threads: Int? = nil,
    _ body: (_ found: [Segment], _ expected: [RecordedWords.Found]) -> Void
  ) async throws {
    let recordings = try #require(try RecordedWords.load()[name])
    #expect(recordings.count >= 2)
    let alignment = try await RecordedAlignment(name, precision, threads: threads)
    for (file, recorded) in recordings.sorted(by: { $0.key < $1.key }) {
      let source = LogMelSource(
        decoder: try AudioDecoder(path: Fixtures.url("speech/\(file)").path),
        bins: alignment.aligner.slot.scheduler.network.dimensions.melBins, padding: .zeros)
      for window in recorded.windows {
        let sound = try #require(try source.window(at: window.seek, limit: window.frames))
        try alignment.listen(to: sound, folded: folded)
        body(try alignment.align(window, language: recorded.language), window.found)
      }
    }
  }

  /// In fp32, nearly all times are the very same; a position is 20 ms.
  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: ["tiny.en", "base"]) func timesAreTheReferences(
    name: String
  ) async throws {
    var words = 0
    var different = 0
    try await compare(name, .fp32) { found, expected in
      #expect(found.count == expected.count)
      for (segment, right) in zip(found, expected) {
        #expect(segment.words?.map(\.text) == right.words.map(\.text))
        #expect(isNear(segment.start, right.start, 0.02) && isNear(segment.end, right.end, 0.02))
        for (word, right) in zip(segment.words ?? [], right.words) {
          words += 1
          #expect(
            isNear(word.start, right.start, 0.02) && isNear(word.end, right.end, 0.02), "\(word), \(right)")
          // The reference's sound has been rounded to 16 bits and resampled by a filter of its own.
          #expect(isNear(word.probability, right.probability, 0.05), "\(word), \(right)")
          different += isNear(word.start, right.start, 0) && isNear(word.end, right.end, 0) ? 0 : 1
        }
      }
    }
    #expect(words > 50 && different * 50 <= words)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: EnginePrecision.allCases, [false, true])
  func timesAtEveryPrecision(precision: EnginePrecision, folded: Bool) async throws {
    var differences: [Double] = []
    try await compare("tiny.en", precision, folded: folded) { found, expected in
      for (segment, right) in zip(found, expected) {
        #expect(segment.words?.map(\.text) == right.words.map(\.text))
        for (word, right) in zip(segment.words ?? [], right.words) {
          differences += [(word.start - right.start).magnitude, (word.end - right.end).magnitude]
        }
      }
    }
    differences.sort()
    try #require(differences.count > 100)
    #expect(differences[differences.count / 2] < 0.021)
    #expect(differences[differences.count * 95 / 100] < 0.101)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func theThreadsPlayNoPart() async throws {
    var results: [[Segment]] = []
    for threads in [1, 3] {
      var all: [Segment] = []
      try await compare("tiny.en", .int8, threads: threads) { found, _ in all += found }
      results.append(all)
    }
    #expect(results[0] == results[1])
  }

  /// Whatever the strategy, words are the text, one after the other, within their segment.
  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: [1, 5]) func transcriptionsHaveWords(
    beamSize: Int
  )
    async throws
  {
    let transcriber = try await TestModels.transcriber("base")
    for (file, language) in [("jfk.flac", "en"), ("es/conf-adminmenu-162.flac", "es")] {
      var options = TranscriptionOptions(language: language)
      options.words.timestamps = true
      options.decoding.beamSize = beamSize
      let segments = try await transcriber.transcribe(
        .file(path: Fixtures.url("speech/\(file)").path), options: options
      ).segments
      #expect(segments.reduce(0) { $0 + ($1.words?.count ?? 0) } > 20)
      for segment in segments {
        let words = try #require(segment.words)
        #expect(words.map(\.text).joined().trimmingCharacters(in: .whitespaces) == segment.text)
        #expect(segment.start == words.first?.start && segment.end == words.last?.end)
        for word in words {
          #expect(word.start <= word.end && word.start >= segment.start && word.end <= segment.end)
          #expect((0...1).contains(word.probability))
        }
        #expect(zip(words, words.dropFirst()).allSatisfy { $0.end <= $1.start })
      }
      #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.end <= $1.start })
    }
  }

  @Test(.slow) func aWindowWithoutTextHasNoWords() async throws {
    let alignment = try await RecordedAlignment("tiny.en", .int8)
    var segments = [Segment(start: 0, end: 1, text: "", tokens: [50_363, 50_413], language: "en")]
    let window = AlignmentInput(
      start: 0, frames: 100, language: nil, task: .transcribe)
    try alignment.aligner.align(&segments, of: window, lastSpeech: 0)
    #expect(segments[0].words == [] && segments[0].start == 0 && segments[0].end == 1)
    var none: [Segment] = []
    try alignment.aligner.align(&none, of: window, lastSpeech: 0)
    #expect(none.isEmpty)
  }

  @Test(.slow) func theSilenceThresholdNeedsWords() async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    options.sequential = true
    options.words.hallucinationSilenceThreshold = 2
    #expect(throws: SwiftletError.self) { try transcriber.check(options) }
    options.words.timestamps = true
    try transcriber.check(options)
    options.words.hallucinationSilenceThreshold = -1
    #expect(throws: SwiftletError.self) { try transcriber.check(options) }
  }

  private func isNear(_ one: Double, _ other: Double, _ limit: Double) -> Bool {
    (one - other).magnitude < limit + 0.001
  }
}
