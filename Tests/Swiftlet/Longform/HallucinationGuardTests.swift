// What the sound says of text that repeats itself or that the decoder doubts.

import SwiftletAudio
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct HallucinationGuardTests {
  private let spectrogram = LogMelSpectrogram(bins: 80)
  private let detector: VoiceActivityDetector

  init() throws { detector = try VoiceActivityDetector() }

  private func speech() throws -> LogMelWindow {
    let sound = try WholeSound(
      AudioDecoder(path: Fixtures.url("speech/jfk.flac").path), isCancelled: { false })
    return spectrogram.window(of: sound.samples)
  }

  private func noise() -> LogMelWindow {
    var generator = SeededGenerator(seed: 3)
    return spectrogram.window(
      of: (0..<11 * 16_000).map { _ in Float.random(in: -0.05...0.05, using: &generator) })
  }

  /// One segment a second, of three tokens each.
  private func segments(_ texts: [String]) -> [Segment] {
    texts.enumerated().map { index, text in
      Segment(
        start: Double(index), end: Double(index + 1), text: text, tokens: [1, 2, 3], language: "en")
    }
  }

  @Test func aThirdRepetitionNeedsSpeechUnderIt() throws {
    let texts = ["So.", "Thank you.", "Thank you.", "Thank you.", "Thank you.", "Bye.", "Thank you."]
    var heard = segments(texts)
    var hallucinations = HallucinationGuard(detector: detector)
    hallucinations.removeRepetitions(from: &heard, in: noise())
    #expect(heard.map(\.start) == [0, 1, 2, 5, 6])
    // The last one before was the first of its kind; a window later comes the second, then the third.
    heard = segments(["Thank you.", "Thank you."])
    hallucinations.removeRepetitions(from: &heard, in: noise())
    #expect(heard.map(\.start) == [0])
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func whatIsSaidAgainAndAgainStays() throws {
    var heard = segments(Array(repeating: "Ask not.", count: 6))
    var hallucinations = HallucinationGuard(detector: detector)
    hallucinations.removeRepetitions(from: &heard, in: try speech())
    #expect(heard.count == 6)
    // More tokens than a second of speech can hold.
    heard = segments(Array(repeating: "Ask not.", count: 3)).map {
      var segment = $0
      segment.tokens = Array(repeating: 1, count: 40)
      return segment
    }
    hallucinations.removeRepetitions(from: &heard, in: try speech())
    #expect(heard.isEmpty)
  }

  @Test func withoutSoundNothingIsRemoved() throws {
    var heard = segments(Array(repeating: "Thank you.", count: 5))
    var window = noise()
    window.sound = []
    var hallucinations = HallucinationGuard(detector: detector)
    hallucinations.removeRepetitions(from: &heard, in: window)
    #expect(heard.count == 5)
  }

  @Test(
    .enabled(if: Fixtures.readsMedia), arguments: [(0.1, -0.2, false), (0.5, -0.2, true), (0.1, -0.8, true)])
  func doubtfulTextIsInventedWhereNobodySpeaks(
    noSpeech: Double, logProbability: Double, isDoubtful: Bool
  ) throws {
    let result = DecodingResult(
      tokens: [1, 2, 3], logProbabilities: [-0.1, -0.1, -0.1], isComplete: true, temperature: 0,
      averageLogProbability: logProbability, compressionRatio: 1, noSpeechProbability: noSpeech, steps: 4)
    let hallucinations = HallucinationGuard(detector: detector)
    #expect(hallucinations.isInvented(result, in: noise()) == isDoubtful)
    #expect(!hallucinations.isInvented(result, in: try speech()))
  }
}
