// Speech that was transcribed again, joined to the text around it.

import Foundation
import SwiftletText

/// Joins speech that the first pass skipped to the text around it.
///
/// Such speech is cut out with some sound around it and decoded by itself, so its text may repeat words next to it, and end
/// with a full stop in mid-sentence. All segments must have their words.
struct Seam {
  let tokenizer: Tokenizer
  /// The text before and after; nil where there is none.
  var before: Segment?
  var after: Segment?

  /// The most words that may be repeated: the sound around holds no more.
  private static let mostRepeated = 3

  /// Whether the skipped speech continues a sentence.
  private var continues: Bool { before.map { !SentenceEnd.isReached($0.text, before: " ") } ?? false }
  /// Whether its last sentence continues after it.
  private var isContinued: Bool { after.map { !($0.text.first?.isUppercase ?? true) } ?? false }

  /// The tokens to prompt the decoder with; none if the skipped speech begins a sentence.
  var context: [Int] {
    guard continues, let before else { return [] }
    return before.tokens.filter { $0 < tokenizer.specials.endOfText }
  }

  /// The segments without words that the text around has already, and without a full stop in mid-sentence.
  func joined(_ segments: [Segment]) -> [Segment] {
    var segments = segments
    if let first = segments.first {
      let repeated = overlap(of: before?.words, with: first.words, least: continues ? 1 : 2)
      segments.replaceSubrange(0..<1, with: first.dropping(first: repeated, with: tokenizer))
    }
    if let last = segments.popLast() {
      let repeated = overlap(of: last.words, with: after?.words, least: isContinued ? 1 : 2)
      segments += last.dropping(last: repeated, with: tokenizer)
    }
    if isContinued, let last = segments.indices.last {
      segments[last].dropStop(with: tokenizer)
    }
    return segments
  }

  /// How many words end `one` and begin `other`: 0, or `least` and more. One word can end a sentence and begin the next.
  private func overlap(of one: [Word]?, with other: [Word]?, least: Int) -> Int {
    let (one, other) = ((one ?? []).map(\.text.comparable), (other ?? []).map(\.text.comparable))
    return (least...Self.mostRepeated).last { count in
      count <= one.count && count <= other.count && one.suffix(count).elementsEqual(other.prefix(count))
        && !one.suffix(count).contains("")
    } ?? 0
  }
}

extension String {
  /// Without case, space and marks.
  fileprivate var comparable: String { lowercased().filter { $0.isLetter || $0.isNumber } }
}

extension Segment {
  /// Takes a full stop off the end.
  fileprivate mutating func dropStop(with tokenizer: Tokenizer) {
    guard text.hasSuffix("."), !text.hasSuffix(".."),
      let place = tokens.lastIndex(where: { $0 < tokenizer.specials.endOfText }),
      tokenizer.text(of: tokens[place...place]) == "."
    else { return }
    text.removeLast()
    tokens.remove(at: place)
    if tokenLogProbabilities.indices.contains(place) { tokenLogProbabilities.remove(at: place) }
    if let last = words?.indices.last, words?[last].text.hasSuffix(".") ?? false {
      words?[last].text.removeLast()
    }
  }
}
