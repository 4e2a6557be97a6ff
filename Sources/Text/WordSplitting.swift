// Tokens to words, for timestamps.

/// Tokens that belong together, and what they say.
package struct TokenGroup: Hashable, Sendable {
  package var text: String
  package var tokens: [Int]

  package init(text: String, tokens: [Int]) {
    self.text = text
    self.tokens = tokens
  }
}

extension Tokenizer {
  /// The words of `tokens`, all of which must be text: every token is in one of them, in order.
  ///
  /// A word begins where a space does, and at a token that is nothing but punctuation (openai-whisper's
  /// `split_to_word_tokens`, whose rules decide what counts as such). Languages that are written without spaces are cut
  /// into characters as far as tokens allow.
  ///
  /// - Parameter language: nil is English.
  package func words(of tokens: [Int], language: Language?) -> [TokenGroup] {
    let characters = characters(of: tokens)
    if let language, language.charactersAreWords { return characters }
    var words: [TokenGroup] = []
    for group in characters {
      if words.isEmpty || group.text.utf8.first == 0x20 || isPunctuation(group.text) {
        words.append(group)
      } else {
        words[words.count - 1].text += group.text
        words[words.count - 1].tokens += group.tokens
      }
    }
    return words
  }

  private static let punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

  /// White space counts too.
  private func isPunctuation(_ text: String) -> Bool {
    Self.punctuation.containsScalars(of: text.trimmingWhitespace)
  }

  /// The shortest runs of tokens that are whole characters.
  ///
  /// A run that begins with bytes that are no character even in the whole text is not waited for.
  private func characters(of tokens: [Int]) -> [TokenGroup] {
    let replacement: Unicode.Scalar = "\u{FFFD}"
    let whole = Array(decode(tokens).unicodeScalars)
    var groups: [TokenGroup] = []
    var pending: [Int] = []
    var offset = 0
    for token in tokens {
      pending.append(token)
      let text = decode(pending)
      let scalars = text.unicodeScalars
      if let broken = scalars.firstIndex(of: replacement) {
        let place = offset + scalars.distance(from: scalars.startIndex, to: broken)
        guard place < whole.count, whole[place] == replacement else { continue }
      }
      groups.append(TokenGroup(text: text, tokens: pending))
      offset += scalars.count
      pending = []
    }
    if !pending.isEmpty { groups.append(TokenGroup(text: decode(pending), tokens: pending)) }
    return groups
  }
}
