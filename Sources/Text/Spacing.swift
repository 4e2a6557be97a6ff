// Which languages and scripts put spaces between words.

extension Language {
  /// Whether openai-whisper takes each character of the language for a word, because it is written without spaces
  /// (`split_to_word_tokens`). The characters are also what error rates count (Radford et al., "Robust speech recognition via
  /// large-scale weak supervision", 2022, appendix C).
  package var charactersAreWords: Bool { ["zh", "ja", "th", "lo", "my", "yue"].contains(code) }
}

extension Unicode.Scalar {
  /// True for the letters and punctuation of scripts that put no spaces between words: Chinese, Japanese, Thai, Lao, Khmer,
  /// Burmese.
  package var isWrittenWithoutSpaces: Bool {
    switch value {
    case 0x0E00...0x0EFF,  // Thai and Lao
      0x1000...0x109F,  // Myanmar
      0x1780...0x17FF,  // Khmer
      0x2E80...0x312F, 0x3190...0x9FFF,  // Chinese and kana with their punctuation
      0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF9F, 0xFFE0...0xFFEF, 0x20000...0x3FFFF:
      true
    default: false
    }
  }
}

extension StringProtocol {
  /// Whether a space belongs between this text and `next`. Which script it is is told from the letters, because a
  /// translation is not in the language that is spoken; quotes and other marks that several scripts have tell nothing.
  package func isSpaced(before next: some StringProtocol) -> Bool {
    func isSpaced(_ scalar: Unicode.Scalar) -> Bool? {
      if scalar.isWrittenWithoutSpaces { return false }
      return scalar.properties.isAlphabetic || scalar.properties.numericType != nil ? true : nil
    }
    return unicodeScalars.reversed().lazy.compactMap(isSpaced).first ?? true
      && next.unicodeScalars.lazy.compactMap(isSpaced).first ?? true
  }
}
