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
