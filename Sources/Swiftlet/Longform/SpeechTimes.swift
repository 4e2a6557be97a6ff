// Words and segments to the times at which somebody speaks.

import SwiftletAudio
import SwiftletText

extension OmissionGuard {
  /// Seconds before speech is noticed that may belong to it.
  private static let onset = 0.1
  /// Seconds between two words at which a segment is cut: nobody reads on over a longer silence.
  private static let longestPause = 2.0

  /// Segments whose words are known, cut at long pauses; no word begins in a silence that lasts into it. The alignment gives
  /// silence before a word to the word.
  func fitted(_ segments: [Segment], with tokenizer: Tokenizer) -> [Segment] {
    segments.flatMap { segment -> [Segment] in
      guard var words = segment.words, !words.isEmpty else { return [segment] }
      for index in words.indices { words[index].start = start(of: words[index]) }
      var segment = segment
      segment.words = words
      segment.start = max(segment.start, words[0].start)
      let pauses = zip(words, words.dropFirst()).filter { $1.start - $0.end > Self.longestPause }
      return segment.divided(at: pauses.map { LogMelWindow.frame(at: $0.0.end) }, with: tokenizer)
    }
  }

  private func start(of word: Word) -> Double {
    guard let speech = firstSpeech(from: word.start), speech < word.end else { return word.start }
    return max(word.start, min(speech - Self.onset, word.end))
  }
}
