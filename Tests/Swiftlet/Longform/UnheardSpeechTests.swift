// Which speech has no word, and that it is heard again.

import Foundation
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct UnheardSpeechTests {
  /// Speech in these seconds of a minute.
  private func unheard(_ speech: [ClosedRange<Double>]) -> UnheardSpeech {
    let count = 60 * VoiceActivityDetector.sampleRate
    let step = Double(VoiceActivityDetector.windowSamples) / Double(VoiceActivityDetector.sampleRate)
    let probabilities = (0..<Int(60 / step)).map { window in
      speech.contains { $0.contains(Double(window) * step) } ? Float(0.9) : 0.1
    }
    return UnheardSpeech(activity: VoiceActivity(probabilities: probabilities, sampleCount: count))
  }

  private func word(_ start: Double, _ end: Double) -> Word {
    Word(text: " word", start: start, end: end, probability: 1)
  }

  @Test func speechBeforeBetweenAndAfterWordsIsFound() {
    let unheard = unheard([11...13, 15...18, 20...25, 27...29])
    let holes = unheard.holes(in: 1_000..<3_000, words: [word(15, 16), word(16, 18), word(26, 26.5)])
    #expect(holes.count == 3)
    for (hole, speech) in zip(holes, [11.0...13, 20...25, 27...29]) {
      // Its speech to 32 ms, and the sound around it.
      #expect((hole.lowerBound - Int(100 * speech.lowerBound) + 20).magnitude <= 4, "\(hole)")
      #expect((hole.upperBound - Int(100 * speech.upperBound) - 20).magnitude <= 4, "\(hole)")
    }
  }

  @Test func aSecondOfSpeechCanBeChance() {
    let words = [word(10, 11), word(13, 14)]
    #expect(unheard([10...14]).holes(in: 1_000..<2_000, words: words) == [1_100..<1_300])
    #expect(unheard([10...11.9, 13...14]).holes(in: 1_000..<2_000, words: words).isEmpty)
    #expect(unheard([10...11.4, 12.6...14]).holes(in: 1_000..<2_000, words: words).isEmpty)
  }

  @Test func whereNothingWasSaidNothingIsHeardAgain() {
    #expect(unheard([0...60]).holes(in: 0..<3_000, words: []).isEmpty)
    #expect(unheard([]).holes(in: 0..<3_000, words: [word(2, 3)]).isEmpty)
  }

  /// Holes have no word in them, lie within the stretch, and are so much shorter that hearing them again ends.
  @Test func holesAreBetweenWordsAndShorterThanTheStretch() {
    var generator = SeededGenerator(seed: 5)
    var found = 0
    for _ in 0..<500 {
      let times = (0..<6).map { _ in Double.random(in: 0...60, using: &generator) }.sorted()
      let unheard = unheard([times[0]...times[2], times[3]...times[5]])
      let stretch =
        Int.random(in: 0...1_000, using: &generator)..<Int.random(in: 1_500...4_000, using: &generator)
      let inside = Double(stretch.lowerBound) / 100...Double(stretch.upperBound) / 100
      let starts = (0..<8).map { _ in Double.random(in: inside, using: &generator) }.sorted()
      let words = zip(starts, starts.dropFirst() + [inside.upperBound]).map { start, next in
        word(start, min(next, start + Double.random(in: 0...1, using: &generator)))
      }
      let holes = unheard.holes(in: stretch, words: words)
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
}
