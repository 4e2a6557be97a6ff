// Where live sound is cut, and how it is handed over.

import SwiftletAudio
import Testing

@testable import Swiftlet

@Suite struct StreamingBufferTests {
  private func word(_ text: String, _ start: Double, _ end: Double) -> HeardWord {
    HeardWord(word: Word(text: text, start: start, end: end, probability: 1), tokens: [Int(end * 100)])
  }

  private func buffer(seconds: Int, _ words: [HeardWord]) -> StreamingBuffer {
    var buffer = StreamingBuffer()
    buffer.append((0..<seconds * 16_000).map(Float.init))
    buffer.append(words)
    return buffer
  }

  @Test func itIsCutBehindTheFirstSentenceThatIsEnough() {
    let words = [
      word(" None.", 0, 1), word(" One.", 1, 6), word(" Two.", 7, 9), word(" three", 9.5, 11),
    ]
    var buffer = buffer(seconds: 16, words)
    #expect(buffer.cut(limit: 15, before: word(" four", 13, 14)) == Array(words[..<2]))
    #expect(buffer.said == Array(words[2...]))
    #expect(buffer.start == 6.5, "in the middle of the pause")
    #expect(buffer.samples.first == Float(buffer.begin), "the sound from there on")
    #expect(buffer.end == 16 * 16_000)
  }

  @Test func withoutASentenceItIsCutAtTheLongestPause() {
    let words = [word(" one", 1, 2), word(" two", 5, 6), word(" three", 7, 8), word(" four", 8.1, 9)]
    var cut = buffer(seconds: 16, words)
    #expect(
      cut.cut(limit: 15, before: nil) == Array(words[..<2]), "what is in the first third does not count")
    #expect(cut.start == 6.5)
    // The pause after the last committed word is known from what comes next.
    var later = buffer(seconds: 16, words)
    #expect(later.cut(limit: 15, before: word(" five", 11, 12)) == words)
    #expect(later.start == 10)
    #expect(later.said.isEmpty)
  }

  @Test func aTitleEndsNoSentence() {
    let words = [word(" Ask", 1, 6), word(" Mr.", 7, 8), word(" Quilter", 8.1, 9), word(".", 9, 9)]
    var cut = buffer(seconds: 16, Array(words[..<3]))
    #expect(cut.cut(limit: 15, before: word(" now", 9.1, 10)) == Array(words[..<1]), "the longest pause")
    // A mark that came after its word.
    var later = buffer(seconds: 16, words)
    #expect(later.cut(limit: 15, before: word(" He", 9.1, 10)) == words)
    var abbreviated = buffer(seconds: 16, [word(" one", 1, 6), word(" Dr", 7, 8), word(".", 8, 8)])
    #expect(abbreviated.cut(limit: 15, before: word(" Who", 8, 9)).count == 1)
  }

  @Test func withoutCommittedWordsItIsNotCut() {
    var buffer = buffer(seconds: 16, [])
    #expect(buffer.cut(limit: 15, before: word(" one", 1, 2)).isEmpty)
    #expect(buffer.begin == 0 && buffer.seconds == 16)
    var early = self.buffer(seconds: 16, [word(" one.", 1, 2)])
    #expect(early.cut(limit: 15, before: nil).isEmpty)
  }

  @Test func cutsAreAtWholeFramesWithinTheSound() {
    var buffer = buffer(seconds: 2, [word(" one", 0, 1)])
    #expect(buffer.cut(at: 1.2345).count == 1)
    #expect(buffer.begin % LogMelSpectrogram.hop == 0 && abs(buffer.start - 1.2345) < 0.011)
    #expect(buffer.cut(at: 0.5).isEmpty)
    #expect(abs(buffer.start - 1.2345) < 0.011, "never back")
    _ = buffer.cut(at: 60)
    #expect(buffer.samples.isEmpty && buffer.end == 2 * 16_000)
  }
}
