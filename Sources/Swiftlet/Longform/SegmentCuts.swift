// Segments, cut where something is to stand between their words.

import Foundation
import SwiftletAudio
import SwiftletText

extension Segment {
  /// Cut between the words before and after each of these frames of 10 ms.
  func divided(at frames: [Int], with tokenizer: Tokenizer) -> [Segment] {
    var pieces = [self]
    for frame in frames {
      guard let last = pieces.last, let words = last.words,
        let index = words.firstIndex(where: { LogMelWindow.frame(at: $0.start) >= frame }), index > 0
      else { continue }
      pieces.removeLast()
      pieces += last.cut(beforeWord: index, with: tokenizer)
    }
    return pieces
  }

  private func cut(beforeWord index: Int, with tokenizer: Tokenizer) -> [Segment] {
    guard let words else { return [self] }
    let text = words[..<index].map(\.text).joined()
    // A word's tokens make its text, so there is a number of tokens that makes this one.
    guard let count = tokens.indices.first(where: { tokenizer.decode(Array(tokens[..<$0])) == text }) else {
      return [self]
    }
    let (before, after) = (words[..<index], words[index...])
    return [(before, 0..<count), (after, count..<tokens.count)].map { words, tokens in
      var piece = self
      piece.words = Array(words)
      piece.tokens = Array(self.tokens[tokens])
      piece.tokenLogProbabilities = Array(tokenLogProbabilities[tokens])
      piece.text = tokenizer.decode(piece.tokens).trimmingCharacters(in: .whitespacesAndNewlines)
      if let first = words.first, let last = words.last { (piece.start, piece.end) = (first.start, last.end) }
      return piece
    }
  }
}

extension [Segment] {
  /// Leaves what was said before a frame of 10 ms.
  ///
  /// - Parameter timed: the same segments, with their words.
  mutating func cut(at frame: Int, by timed: [Segment], with tokenizer: Tokenizer) {
    for (index, segment) in timed.enumerated() {
      guard let first = segment.words?.first, let last = segment.words?.last,
        LogMelWindow.frame(at: last.start) >= frame
      else { continue }
      removeSubrange((index + 1)...)
      if LogMelWindow.frame(at: first.start) >= frame {
        removeLast()
      } else {
        var head = segment.divided(at: [frame], with: tokenizer)[0]
        head.start = self[index].start
        self[index] = head
      }
      break
    }
    let time = LogMelWindow.seconds(frame)
    if let last, last.end > time { self[count - 1].end = time }
  }
}
