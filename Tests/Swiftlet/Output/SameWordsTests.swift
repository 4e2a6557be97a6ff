// How a transcript is written changes none of its words.

import Foundation
import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct SameWordsTests {
  private let path = Fixtures.url("speech/long/1688-142285.opus").path

  private static let shapes = [
    SubtitleOptions(), SubtitleOptions(cues: .segments), SubtitleOptions(maxLineWidth: 30, maxLineCount: 2),
    SubtitleOptions(maxWordsPerLine: 1), SubtitleOptions(wordTimes: true),
  ]

  /// 70 s of speech: with the words' times, everything but these is the same, and every format has the same words.
  @Test(
    .slow,
    .enabled(if: Fixtures.readsMedia),
    arguments: [(false, true), (true, true), (false, false), (true, false)])
  func everyFormatHasTheSameWords(way: (batched: Bool, timestamps: Bool)) async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    (options.sequential, options.windows.timestamps) = (!way.batched, way.timestamps)
    let plain = try await transcriber.transcribe(.file(path: path), options: options).segments
    options.words.aligned = true
    let timed = try await transcriber.transcribe(.file(path: path), options: options).segments
    #expect(timed.allSatisfy { $0.words?.isEmpty == false } && plain.allSatisfy { $0.words == nil })
    #expect(
      timed.map {
        var segment = $0
        segment.words = nil
        return segment
      } == plain)
    let duration = 70.17
    let words = plain.flatMap { $0.text.split(separator: " ") }
    // Of 174. Without timestamps, windows one after the other end at the first pause.
    #expect(words.count > (way.batched || way.timestamps ? 165 : 40))
    let transcript = Transcript(segments: timed, duration: duration)
    #expect(transcript.text.split(separator: " ") == words)
    for shape in Self.shapes {
      for format in [OutputFormat.srt, .vtt, .tsv, .csv, .lrc] {
        let cues = try SubtitleReading.read(transcript.formatted(as: format, subtitles: shape), as: format)
        #expect(cues.words == words, "\(format) \(shape)")
        #expect(format == .lrc || cues.isInOrder(duration: 70_170), "\(format) \(shape)")
      }
    }
    let underlined = try transcript.formatted(as: .srt, subtitles: SubtitleOptions(highlightWords: true))
    #expect(try SubtitleReading.srt(underlined).isInOrder(duration: 70_170, least: 20))
  }

  /// The sound ends within a word; the model's times end after it.
  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: [(30.0, false), (5.3, false), (12.7, true)])
  func noTimeIsPastTheEndOfTheSound(seconds: Double, batched: Bool) async throws {
    let decoder = try AudioDecoder(path: path)
    let samples = try decoder.read(upTo: Int(seconds * 16_000))
    let url = TestFolder.place("cut.wav")
    defer { try? FileManager.default.removeItem(at: url) }
    try WaveFile.data(samples: samples.map { Int16(max(-1, min($0, 1)) * 32_767) }).write(to: url)
    let transcriber = try await TestModels.transcriber()
    for (words, aligns) in [(true, false), (false, true), (false, false)] {
      var options = TranscriptionOptions()
      (options.words.timestamps, options.words.aligned, options.sequential) = (words, aligns, !batched)
      let segments = try await transcriber.transcribe(.file(path: url.path), options: options).segments
      let all = segments.flatMap { $0.words ?? [] }
      #expect(!segments.isEmpty && all.isEmpty == !(words || aligns))
      #expect(segments.allSatisfy { $0.start >= 0 && $0.start < $0.end && $0.end <= seconds })
      #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.end <= $1.start })
      #expect(all.allSatisfy { $0.start >= 0 && $0.start < $0.end && $0.end <= seconds })
      #expect(zip(all, all.dropFirst()).allSatisfy { $0.end <= $1.start })
    }
  }
}
