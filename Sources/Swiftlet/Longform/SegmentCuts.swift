// Segments, cut where something is to stand between their words.

import Foundation
import SwiftletAudio
import SwiftletText

extension Segment {
  /// Cut between the words before and after each of these frames of 10 ms; whole where that is within a word.
  func divided(at frames: [Int], with tokenizer: Tokenizer) -> [Segment] {
    var pieces = [self]
    for frame in frames {
      guard let last = pieces.last, let words = last.words,
        let index = words.firstIndex(where: { LogMelWindow.frame(at: $0.end) > frame }), index > 0
      else { continue }
      pieces.removeLast()
      pieces += last.cut(beforeWord: index, with: tokenizer)
    }
    return pieces
  }

  /// Without its first words; whole where it can't be cut there.
  func dropping(first count: Int, with tokenizer: Tokenizer) -> [Segment] {
    guard count > 0, let words else { return [self] }
    return count < words.count ? cut(beforeWord: count, with: tokenizer).suffix(1) : []
  }

  /// Without its last words; whole where it can't be cut there.
  func dropping(last count: Int, with tokenizer: Tokenizer) -> [Segment] {
    guard count > 0, let words else { return [self] }
    return count < words.count
      ? Array(cut(beforeWord: words.count - count, with: tokenizer).prefix(1)) : []
  }

  private func cut(beforeWord index: Int, with tokenizer: Tokenizer) -> [Segment] {
    guard let words else { return [self] }
    let said = words[..<index].map(\.text).joined()
    // A word's tokens make its text; but a segment that begins in mid-word leaves that to the one before.
    guard let count = tokens.indices.first(where: { tokenizer.text(of: tokens[..<$0]) == said }) else {
      return [self]
    }
    let rest = text.unicodeScalars.dropFirst(said.trimmingWhitespace.unicodeScalars.count)
    let (before, after) = (words[..<index], words[index...])
    return [(before, 0..<count, said), (after, count..<tokens.count, String(rest))].map {
      words, tokens, text in
      var piece = self
      piece.text = text.trimmingCharacters(in: .whitespacesAndNewlines)
      piece.words = Array(words)
      piece.tokens = Array(self.tokens[tokens])
      piece.tokenLogProbabilities = Array(tokenLogProbabilities[tokens])
      if let first = words.first, let last = words.last { (piece.start, piece.end) = (first.start, last.end) }
      return piece
    }
  }
}
