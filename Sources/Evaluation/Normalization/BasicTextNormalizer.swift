// Whisper's normalizer for any language.

/// Small letters, nothing in brackets, a space for every mark, symbol and punctuation, single spaces.
///
/// The same as `BasicTextNormalizer` of openai-whisper 20250625, which by default tears apart the words of scripts with
/// vowel signs (Devanagari, Thai); published error rates are made like that.
package struct BasicTextNormalizer: TextNormalizer {
  private let removeDiacritics: Bool
  private let splitLetters: Bool

  /// - Parameters:
  ///   - removeDiacritics: é becomes e, where otherwise it stays.
  ///   - splitLetters: Whether characters (extended grapheme clusters) are set apart by spaces.
  package init(removeDiacritics: Bool = false, splitLetters: Bool = false) {
    self.removeDiacritics = removeDiacritics
    self.splitLetters = splitLetters
  }

  package func normalize(_ text: String) -> String {
    let text = ScalarText(pythonLowercased(text)).withoutBracketed()
    let clean = removeDiacritics ? text.withoutSymbolsAndDiacritics() : text.withoutSymbols()
    var result = pythonLowercased(clean.string)
    if splitLetters { result = result.map { String($0) }.joined(separator: " ") }
    return ScalarText(result).withSingleSpaces().string
  }
}
