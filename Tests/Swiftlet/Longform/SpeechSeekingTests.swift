// Where the next window begins, by the words of this one.

import Testing

@testable import Swiftlet
@testable import SwiftletText

@Suite struct SpeechSeekingTests {
  private func segment(_ words: (Double, Double, Double)..., start: Double? = nil, end: Double? = nil)
    -> Segment
  {
    Segment(
      start: start ?? words.first?.0 ?? 0, end: end ?? words.last?.1 ?? 0, text: "x", tokens: [1],
      language: "en",
      words: words.map { Word(text: " x", start: $0.0, end: $0.1, probability: $0.2) })
  }

  private func window(
    from frame: Int, _ frames: Int = 3_000, advance: Int = 2_000, single: Bool = false
  ) -> SpeechSeeking.Window {
    var cut = SegmentBoundaries(
      [1], frames: frames, timestamps: false, specials: SpecialTokens(endOfText: 50_256, languageCount: 99))
    cut.advance = advance
    cut.endsWithSingleTimestamp = single
    return SpeechSeeking.Window(firstFrame: frame, frames: frames, boundaries: cut, isLast: frames < 3_000)
  }

  /// Words that nobody would take for invented.
  private func speech(_ start: Double) -> Segment {
    segment((start, start + 0.5, 0.9), (start + 0.5, start + 1, 0.9), (start + 1, start + 1.5, 0.9))
  }
  /// Short and improbable ones.
  private func invention(_ start: Double) -> Segment {
    segment((start, start + 0.02, 0.01), (start + 0.02, start + 0.04, 0.01))
  }

  private func next(
    _ seeking: inout SpeechSeeking, _ segments: [Segment], _ window: SpeechSeeking.Window
  ) -> (frame: Int, kept: Int) {
    var segments = segments
    let frame = seeking.nextFrame(after: &segments, in: window)
    return (frame, segments.count)
  }

  @Test func theNextWindowBeginsAfterTheLastWord() {
    var seeking = SpeechSeeking(silenceThreshold: nil)
    #expect(next(&seeking, [speech(12), segment(start: 14, end: 15)], window(from: 1_000)) == (1_350, 2))
    #expect(seeking.lastSpeech == 13.5)
    // Nothing more is said in the window.
    #expect(next(&seeking, [speech(12)], window(from: 1_000, single: true)) == (3_000, 1))
    // No words: the end of the segment; nothing before the window.
    #expect(next(&seeking, [segment(start: 11, end: 12)], window(from: 1_000)) == (1_200, 1))
    #expect(next(&seeking, [segment(start: 10, end: 10)], window(from: 1_000)) == (3_000, 1))
    #expect(next(&seeking, [], window(from: 1_000)) == (3_000, 0))
    #expect(seeking.lastSpeech == 10)
  }

  @Test func aShortRestIsNotHeardAgain() {
    var seeking = SpeechSeeking(silenceThreshold: 2)
    #expect(next(&seeking, [speech(27)], window(from: 0)) == (3_000, 1))
    #expect(next(&seeking, [speech(20)], window(from: 0)) == (2_150, 1))
  }

  @Test func silenceBeforeAnInventionIsPassedOver() {
    var seeking = SpeechSeeking(silenceThreshold: 2)
    #expect(next(&seeking, [invention(15), speech(16)], window(from: 1_000)) == (1_500, 0))
    #expect(seeking.lastSpeech == 0)
    var without = SpeechSeeking(silenceThreshold: nil)
    #expect(next(&without, [invention(15), speech(16)], window(from: 1_000)).kept == 2)
  }

  @Test func inventionsAmongSilenceAreLeftOut() {
    var seeking = SpeechSeeking(silenceThreshold: 2)
    #expect(next(&seeking, [speech(11), invention(20), speech(25)], window(from: 1_000)) == (2_000, 1))
    #expect(seeking.lastSpeech == 12.5)
    // Speech right before or right after it is believed.
    #expect(next(&seeking, [speech(11), invention(13), speech(25)], window(from: 1_000)).kept == 3)
    #expect(next(&seeking, [speech(11), invention(20), speech(21)], window(from: 1_000)).kept == 3)
    // At the end of the recording there is nothing to go on with.
    #expect(next(&seeking, [speech(11), invention(38.5)], window(from: 1_000, 2_950)) == (3_950, 1))
  }

  @Test func punctuationIsNoWord() {
    var seeking = SpeechSeeking(silenceThreshold: 2)
    var odd = invention(15)
    odd.words?[0].text = "."
    odd.words?[1].text = " said"
    odd.words?[1].probability = 0.9
    odd.words?[1].end = 15.5
    // One good word is left to judge by.
    #expect(next(&seeking, [odd, speech(16)], window(from: 1_000)).kept == 2)
  }
}
