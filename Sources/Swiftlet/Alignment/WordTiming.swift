// Words and their times within a window, and what is done about punctuation and words that are too long.

import SwiftletText

/// A word with the tokens that it is made of; times are seconds from the start of the window.
struct WordTiming: Hashable {
  /// Empty where it has been merged into a neighbour.
  var text: String
  var tokens: Int
  var start: Double
  var end: Double
  var probability: Double

  var duration: Double { end - start }
}

/// The usual duration of a word, by which those are known that are too long.
struct WordDurations {
  /// The median of all durations but 0, at most 0.7 s.
  let median: Double
  /// Twice that.
  var longest: Double { 2 * median }

  init(_ words: [WordTiming]) {
    let sorted = words.map(\.duration).filter { $0 != 0 }.sorted()
    let middle = sorted.count / 2
    median =
      if sorted.isEmpty { 0 } else if sorted.count % 2 == 1 { min(0.7, sorted[middle]) } else {
        min(0.7, (sorted[middle - 1] + sorted[middle]) / 2)
      }
  }
}

extension [WordTiming] {
  /// What belongs to the word after it, and to the word before it (openai-whisper's defaults).
  private static let opening = "\"'“¿([{-"
  private static let closing = "\"'.。,，!！?？:：”)]}、"

  /// Shortens the mark that ends a sentence and the word that begins the next where a pause has been counted to them
  /// (openai-whisper's `add_word_timestamps`).
  mutating func shortenAtSentenceEnds(_ durations: WordDurations) {
    guard durations.median > 0 else { return }
    for index in indices.dropFirst() where self[index].duration > durations.longest {
      if SentenceEnd.whisperMarks.containsScalars(of: self[index].text) {
        self[index].end = self[index].start + durations.longest
      } else if SentenceEnd.whisperMarks.containsScalars(of: self[index - 1].text) {
        self[index].start = self[index].end - durations.longest
      }
    }
  }

  /// Gives opening punctuation to the word after it and closing punctuation to the word before it; what is left of it has
  /// no text and no tokens (openai-whisper's `merge_punctuations`).
  mutating func mergePunctuation() {
    var next = count - 1
    for index in indices.dropLast().reversed() {
      if self[index].text.utf8.first == 0x20,
        Self.opening.containsScalars(of: self[index].text.trimmingWhitespace)
      {
        self[next].text = self[index].text + self[next].text
        give(index, to: next)
      } else {
        next = index
      }
    }
    var previous = 0
    for index in indices.dropFirst() {
      if self[previous].text.utf8.last != 0x20, Self.closing.containsScalars(of: self[index].text) {
        self[previous].text += self[index].text
        give(index, to: previous)
      } else {
        previous = index
      }
    }
  }

  private mutating func give(_ index: Int, to other: Int) {
    self[other].tokens += self[index].tokens
    self[index].tokens = 0
    self[index].text = ""
  }
}
