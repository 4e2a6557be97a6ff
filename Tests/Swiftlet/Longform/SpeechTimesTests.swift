// Words begin with speech, segments end at pauses, and of hypotheses that none can be trusted the best is kept.

import Foundation
import SwiftletAudio
import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct SpeechTimesTests {
  private let tokenizer: Tokenizer

  init() throws { tokenizer = try Tokenizer.bundled(vocabularySize: 51_864) }

  /// Speech from 5 to 8 s and from 12 to 15 s.
  private var omissionGuard: OmissionGuard {
    let step = VoiceActivityDetector.windowSeconds
    let probabilities = (0..<600).map { index -> Float in
      let time = Double(index) * step
      return (5..<8).contains(time) || (12..<15).contains(time) ? 0.9 : 0.1
    }
    return OmissionGuard(activity: VoiceActivity(probabilities: probabilities, sampleCount: 600 * 512))
  }

  private func segment(_ words: [(String, Double, Double)]) -> Segment {
    let text = words.map(\.0).joined()
    let tokens = tokenizer.encode(text)
    return Segment(
      start: words[0].1, end: words.last?.2 ?? 0, text: text.trimmingCharacters(in: .whitespaces),
      tokens: tokens,
      language: "en", tokenLogProbabilities: tokens.map { -Double($0) },
      words: words.map { Word(text: $0.0, start: $0.1, end: $0.2, probability: 1) })
  }

  @Test func theFirstWordBeginsWithSpeech() throws {
    let fitted = omissionGuard.fitted([segment([(" Ask", 0.4, 5.6), (" not", 5.6, 6)])], with: tokenizer)
    #expect(fitted.count == 1)
    #expect(abs(fitted[0].start - 4.92) < 0.04 && fitted[0].words?[0].start == fitted[0].start)
    // Within speech, and where there is none, nothing moves.
    let right = segment([(" Ask", 7, 7.9), (" not", 9, 9.5)])
    #expect(omissionGuard.fitted([right], with: tokenizer) == [right])
    let untimed = Segment(start: 0, end: 9, text: "Ask", tokens: [], language: "en")
    #expect(omissionGuard.fitted([untimed], with: tokenizer) == [untimed])
  }

  @Test func aLongPauseEndsASegment() {
    let whole = segment([(" Ask", 5.2, 6), (" not", 6, 7), (" what", 11.5, 12.6), (" your", 12.6, 13)])
    let pieces = omissionGuard.fitted([whole], with: tokenizer)
    #expect(pieces.map(\.text) == ["Ask not", "what your"])
    #expect(pieces.flatMap(\.tokens) == whole.tokens)
    #expect(abs((pieces.last?.start ?? 0) - 11.92) < 0.04 && pieces.first?.end == 7)
  }

  @Test func theMostProbableOfUntrustedHypothesesIsKept() throws {
    func result(_ logProbability: Double, _ ratio: Double) -> DecodingResult {
      DecodingResult(
        tokens: [], logProbabilities: [], isComplete: true, temperature: 0,
        averageLogProbability: logProbability,
        compressionRatio: ratio, noSpeechProbability: 0, steps: 1)
    }
    var options = TranscriptionOptions()
    let attempts = [result(-0.2, 3), result(-1.2, 1.5), result(-1.5, 1.4)]
    func kept() -> Double? {
      DecodingSettings(options, tokenizer: tokenizer).kept(of: attempts)?.averageLogProbability
    }
    #expect(kept() == -1.2)
    options.fallback.compressionRatioThreshold = nil
    #expect(kept() == -0.2)
    options.sequential = true
    #expect(kept() == -1.5)
  }

}
