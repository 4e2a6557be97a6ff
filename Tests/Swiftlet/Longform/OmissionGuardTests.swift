// Which speech has no word, and that it is heard again.

import Foundation
import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct OmissionGuardTests {
  /// Speech in these seconds of a minute.
  private func omissions(_ speech: [ClosedRange<Double>]) -> OmissionGuard {
    let count = 60 * VoiceActivityDetector.sampleRate
    let step = Double(VoiceActivityDetector.windowSamples) / Double(VoiceActivityDetector.sampleRate)
    let probabilities = (0..<Int(60 / step)).map { window in
      speech.contains { $0.contains(Double(window) * step) } ? Float(0.9) : 0.1
    }
    return OmissionGuard(activity: VoiceActivity(probabilities: probabilities, sampleCount: count))
  }

  private func word(_ start: Double, _ end: Double) -> Word {
    Word(text: " word", start: start, end: end, probability: 1)
  }

  @Test func speechBeforeBetweenAndAfterWordsIsFound() {
    let omissions = omissions([11...13, 15...18, 20...25, 27...29])
    let holes = omissions.holes(in: 1_000..<3_000, words: [word(15, 16), word(16, 18), word(26, 26.5)])
    #expect(holes.count == 3)
    for (hole, speech) in zip(holes, [11.0...13, 20...25, 27...29]) {
      // Its speech to 32 ms, and the sound around it.
      #expect((hole.lowerBound - Int(100 * speech.lowerBound) + 20).magnitude <= 4, "\(hole)")
      #expect((hole.upperBound - Int(100 * speech.upperBound) - 20).magnitude <= 4, "\(hole)")
    }
  }

  @Test func aSecondOfSpeechCanBeChance() {
    let words = [word(10, 11), word(13, 14)]
    #expect(omissions([10...14]).holes(in: 1_000..<2_000, words: words) == [1_100..<1_300])
    #expect(omissions([10...11.9, 13...14]).holes(in: 1_000..<2_000, words: words).isEmpty)
    #expect(omissions([10...11.4, 12.6...14]).holes(in: 1_000..<2_000, words: words).isEmpty)
  }

  @Test func aWordHoldsSoMuchSpeech() {
    let omissions = omissions([10...13, 20...21, 23...24])
    #expect(omissions.isStretched(word(10, 12)))
    #expect(!omissions.isStretched(word(10, 11.5)))
    // A pause is no speech.
    #expect(!omissions.isStretched(word(20.5, 23.5)))
    #expect(!omissions.isStretched(word(30, 40)))
    #expect(!omissions.isStretched(Word(text: " 1984", start: 10, end: 13, probability: 1)))
    #expect(omissions.isStretched(Word(text: " 84", start: 10, end: 13, probability: 1)))
  }

  @Test func whereNothingWasSaidNothingIsHeardAgain() {
    #expect(omissions([0...60]).holes(in: 0..<3_000, words: []).isEmpty)
    #expect(omissions([]).holes(in: 0..<3_000, words: [word(2, 3)]).isEmpty)
  }

  @Test func littleTextForTheTimeIsSuspicious() {
    func segment(_ start: Double, _ end: Double, tokens: Int) -> Segment {
      Segment(start: start, end: end, text: "a", tokens: [Int](repeating: 1, count: tokens), language: "en")
    }
    #expect(!OmissionGuard.isSparse([segment(0, 10, tokens: 30), segment(10, 29, tokens: 60)], seconds: 30))
    #expect(OmissionGuard.isSparse([segment(0, 10, tokens: 30), segment(10, 29, tokens: 20)], seconds: 30))
    #expect(OmissionGuard.isSparse([segment(0, 10, tokens: 30)], seconds: 30))
    #expect(OmissionGuard.roughly(segment(3, 20, tokens: 10)).end == 8)
    #expect(OmissionGuard.roughly(segment(3, 5, tokens: 10)).end == 5)
  }

  /// Holes have no word in them, lie within the stretch, and are so much shorter that hearing them again ends.
  @Test func holesAreBetweenWordsAndShorterThanTheStretch() {
    var generator = SeededGenerator(seed: 5)
    var found = 0
    for _ in 0..<500 {
      let times = (0..<6).map { _ in Double.random(in: 0...60, using: &generator) }.sorted()
      let omissions = omissions([times[0]...times[2], times[3]...times[5]])
      let stretch =
        Int.random(in: 0...1_000, using: &generator)..<Int.random(in: 1_500...4_000, using: &generator)
      let inside = Double(stretch.lowerBound) / 100...Double(stretch.upperBound) / 100
      let starts = (0..<8).map { _ in Double.random(in: inside, using: &generator) }.sorted()
      let words = zip(starts, starts.dropFirst() + [inside.upperBound]).map { start, next in
        word(start, min(next, start + Double.random(in: 0...1, using: &generator)))
      }
      let holes = omissions.holes(in: stretch, words: words)
      found += holes.count
      #expect(zip(holes, holes.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
      for hole in holes {
        #expect(hole.clamped(to: stretch) == hole && hole.count + 100 <= stretch.count)
        #expect(
          words.allSatisfy {
            100 * $0.end <= Double(hole.lowerBound) + 1 || 100 * $0.start >= Double(hole.upperBound) - 1
          })
      }
    }
    #expect(found > 100)
  }

  private static let recordings = [
    ("1272-128104-0000.flac", "middle classes"), ("LJ001-0002.wav", "comparatively modern"),
    ("2414-128291-0002.flac", "turned their heads"), ("jfk.flac", "fellow Americans"),
    ("1688-142285-0001.flac", "Margaret said"),
  ]

  /// A file of recordings one after another, with pauses of so many seconds.
  private func joined(_ order: [Int], pauses: [Double]) throws -> URL {
    var samples: [Float] = []
    for (index, pause) in zip(order, [0] + pauses) {
      samples += [Float](repeating: 0, count: Int(pause * 16_000))
      let decoder = try AudioDecoder(path: Fixtures.url("speech/\(Self.recordings[index].0)").path)
      samples += try decoder.read(upTo: 30 * 16_000)
    }
    let url = TestFolder.place("omission.wav")
    try WaveFile.data(samples: samples.map { Int16(max(-1, min($0, 1)) * 32_767) }).write(to: url)
    return url
  }

  /// Sounds of which tiny.en can leave one recording out; in the last it lies in a chunk that does not begin the file.
  @Test(
    .slow,
    .enabled(if: Fixtures.readsMedia),
    arguments: [
      (false, false, [1, 2, 0], [1.5, 1.5]), (false, true, [1, 2, 0], [1.5, 1.5]),
      (true, false, [0, 2, 1], [0.8, 0.8]),
      (true, false, [3, 4, 0, 2, 1], [0.8, 1.5, 0.8, 0.8]),
    ], [false, true])
  func whatWasLeftOutIsHeardAgain(
    way: (batched: Bool, filter: Bool, order: [Int], pauses: [Double]), wordTimestamps: Bool
  ) async throws {
    let url = try joined(way.order, pauses: way.pauses)
    defer { try? FileManager.default.removeItem(at: url) }
    let transcriber = try await TestModels.transcriber("tiny.en", .fp32)
    var options = TranscriptionOptions()
    (options.sequential, options.voiceActivity.filter) = (!way.batched, way.filter)
    options.words.timestamps = wordTimestamps
    let segments = try await transcriber.transcribe(.file(path: url.path), options: options).segments
    let text = segments.map(\.text).joined(separator: " ")
    let places = way.order.map { text.range(of: Self.recordings[$0].1)?.lowerBound }
    #expect(places.allSatisfy { $0 != nil }, "\(text)")
    #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted(), "\(text)")
    #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.start <= $0.end && $0.end <= $1.start + 0.5 })
    #expect(segments.allSatisfy { ($0.words != nil) == wordTimestamps })

    options.voiceActivity.omissionGuard = false
    let bare = try await transcriber.transcribe(.file(path: url.path), options: options).segments
    // Words' times and voice activity have openai-whisper's rules go on elsewhere.
    let leavesOut = way.batched || !way.filter && !wordTimestamps
    #expect(bare.contains { $0.text.contains(Self.recordings[2].1) } != leavesOut)
    // Not where a reference is to be met.
    (options.sequential, options.voiceActivity.filter, options.windows.padding) = (true, false, .zeros)
    let reference = try await transcriber.transcribe(.file(path: url.path), options: options).segments
    options.voiceActivity.omissionGuard = true
    #expect(try await transcriber.transcribe(.file(path: url.path), options: options).segments == reference)
  }

  @Test func segmentsAreCutBetweenWords() throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51_864)
    let begin = tokenizer.specials.timestampBegin
    let tokens = [begin] + tokenizer.encode(spoken: "Four, unbelievably five") + [begin + 50]
    let words = ["Four,", "unbelievably", "five"].enumerated().map {
      Word(text: " \($1)", start: 10 + Double($0), end: 10.5 + Double($0), probability: 1)
    }
    let segment = Segment(
      start: 9, end: 20, text: "Four, unbelievably five", tokens: tokens, language: "en",
      tokenLogProbabilities: tokens.map { -Double($0) }, words: words)
    #expect(
      segment.divided(at: [900, 1_250, 1_900], with: tokenizer).map(\.text) == ["Four, unbelievably five"])
    let pieces = segment.divided(at: [1_050, 1_160], with: tokenizer)
    #expect(pieces.map(\.text) == ["Four,", "unbelievably", "five"])
    #expect(pieces.map(\.start) == [10, 11, 12] && pieces.map(\.end) == [10.5, 11.5, 12.5])
    #expect(pieces.flatMap(\.tokens) == tokens)
    #expect(pieces.flatMap(\.tokenLogProbabilities) == segment.tokenLogProbabilities)
    // One that begins in mid-word cannot be.
    var continued = segment
    continued.words?[0].text = " For"
    #expect(continued.divided(at: [1_050], with: tokenizer) == [continued])
  }
}
