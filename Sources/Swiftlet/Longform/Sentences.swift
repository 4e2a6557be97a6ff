// Text that was decoded without timestamps, cut into sentences.

import SwiftletText

extension Tokenizer {
  /// The sentences of `tokens`, in order; every token is in one.
  ///
  /// A sentence ends with its mark and the quotes and brackets after it. Where words have spaces between them, one must
  /// follow, and a full stop behind a title, an initial or an abbreviation with stops inside ends nothing.
  ///
  /// - Parameter language: nil is English.
  func sentences(of tokens: [Int], language: Language?) -> [Range<Int>] {
    guard tokens.allSatisfy({ $0 < specials.endOfText }) else { return [tokens.indices] }
    let words = words(of: tokens, language: language)
    var sentences: [Range<Int>] = []
    var text = ""
    var (begin, end) = (0, 0)
    for (word, next) in zip(words, words.dropFirst()) {
      text += word.text
      end += word.tokens.count
      guard SentenceEnd.isReached(text, before: next.text) else { continue }
      sentences.append(begin..<end)
      text = ""
      begin = end
    }
    if begin < tokens.count { sentences.append(begin..<tokens.count) }
    return sentences
  }
}

/// What ends a sentence.
enum SentenceEnd {
  private static let closing: Set<Character> = ["\"", "'", "”", "’", ")", "]", "»", "」", "』", "）"]
  private static let marks: Set<Character> = [".", "?", "!"]
  /// Those of scripts that need no space after them.
  private static let fullWidthMarks: Set<Character> = ["。", "？", "！"]
  private static let titles: Set = [
    "mr", "mrs", "ms", "dr", "st", "prof", "sr", "jr", "rev", "hon", "gen", "capt", "col", "lt", "sgt", "vs",
    "mme", "mlle", "hr", "fr", "dra", "sra", "srta",
  ]

  static func isReached(_ text: String, before next: String) -> Bool {
    guard let following = next.first, !closing.contains(following) else { return false }
    let sentence = text.trimmingSuffix(closing.contains)
    guard let mark = sentence.last else { return false }
    if fullWidthMarks.contains(mark) { return !fullWidthMarks.contains(following) }
    guard marks.contains(mark), following.isWhitespace else { return false }
    // A stop within quotes or brackets is no abbreviation's.
    guard mark == ".", sentence.endIndex == text.endIndex else { return true }
    let word = sentence.dropLast().split(whereSeparator: \.isWhitespace).last ?? ""
    let letters = word.drop { !$0.isLetter }.lowercased()
    let isNumero = letters == "no" && next.first(where: { !$0.isWhitespace })?.isNumber ?? false
    return
      !(letters.count == 1 && !word.contains(where: \.isNumber) || word.contains(".")
      || titles.contains(letters) || isNumero)
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(_ isDropped: (Character) -> Bool) -> SubSequence {
    guard let last = lastIndex(where: { !isDropped($0) }) else { return self[startIndex..<startIndex] }
    return self[...last]
  }
}
