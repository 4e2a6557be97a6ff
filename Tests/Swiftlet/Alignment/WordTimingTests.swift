// Punctuation and words that are too long.

import Testing

@testable import Swiftlet

@Suite struct WordTimingTests {
  private func timings(_ texts: [String], ends: [Double]? = nil) -> [WordTiming] {
    let ends = ends ?? texts.indices.map { Double($0 + 1) }
    return zip(texts, ends).enumerated().map { index, word in
      WordTiming(
        text: word.0, tokens: 1, start: index == 0 ? 0 : ends[index - 1], end: word.1, probability: 1)
    }
  }

  /// What openai-whisper's `merge_punctuations` makes of the same words.
  @Test(arguments: [
    ([" Hello", ",", " world", "!"], [" Hello,", "", " world!", ""], [2, 0, 2, 0]),
    (
      [" \"", " Yes", ",\"", " he", " said", "."], ["", " \" Yes", ",\"", " he", " said.", ""],
      [0, 2, 1, 1, 2, 0]
    ),
    ([" (", " [", "a", "]", ")"], ["", "", " ( [a])", "", ""], [0, 0, 5, 0, 0]),
    ([" ¿", " Qué", "?", "”"], ["", " ¿ Qué?”", "", ""], [0, 4, 0, 0]),
    ([".", "。", "a"], [".。", "", "a"], [2, 0, 1]),
    // Neighbours of the list of marks are a mark; what is not in it is none.
    ([" a", ".。"], [" a.。", ""], [2, 0]), ([" a", ".!"], [" a", ".!"], [1, 1]),
    // A blank belongs to the word after it, and nothing goes to what ends in a blank.
    ([" ", " a", "."], ["", "  a.", ""], [0, 3, 0]), (["a ", "."], ["a ", "."], [1, 1]),
    ([" a", " -"], [" a", " -"], [1, 1]), ([], [], []), (["."], ["."], [1]),
  ])
  func punctuationIsMerged(given: [String], texts: [String], tokens: [Int]) {
    var words = timings(given)
    words.mergePunctuation()
    #expect(words.map(\.text) == texts)
    #expect(words.map(\.tokens) == tokens)
    #expect(words.map(\.start) == timings(given).map(\.start))
  }

  @Test func theMedianDuration() {
    func median(_ ends: [Double]) -> Double {
      WordDurations(timings(ends.map { _ in "a" }, ends: ends)).median
    }
    #expect(median([]) == 0)
    #expect(median([0, 0, 0]) == 0)
    // Durations 0.25, 0, 0.5, 0.25.
    #expect(median([0.25, 0.25, 0.75, 1]) == 0.25)
    #expect(median([0.25, 0.75]) == 0.375)
    #expect(median([5, 9]) == 0.7)
    #expect(WordDurations(timings(["a"], ends: [0.5])).longest == 1)
  }

  @Test func wordsAtSentenceEndsAreShortened() {
    // The median is 0.5 s: what takes more than a second is too long where a sentence ends or begins.
    let texts = [" a", " b", ".", " c", " d", " e", "?", " f"]
    let ends = [0.5, 1, 3, 6, 8, 8.5, 9, 9.5]
    var words = timings(texts, ends: ends)
    words.shortenAtSentenceEnds(WordDurations(words))
    #expect(words.map(\.start) == [0, 0.5, 1, 5, 6, 8, 8.5, 9])
    #expect(words.map(\.end) == [0.5, 1, 2, 6, 8, 8.5, 9, 9.5])
    var still = timings(texts, ends: texts.map { _ in 0 })
    still.shortenAtSentenceEnds(WordDurations(still))
    #expect(still.allSatisfy { $0.start == 0 && $0.end == 0 })
  }
}
