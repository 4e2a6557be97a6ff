// Brings texts that say the same into the same form, before their words are compared.

import SwiftletText

/// Rewrites a text so that differences of spelling, punctuation and case, which are not a recognizer's errors, are gone.
package protocol TextNormalizer: Sendable {
  func normalize(_ text: String) -> String
}

/// The normalizers there are, by name.
package enum Normalization: String, CaseIterable, Codable, Sendable {
  /// Whisper's `EnglishTextNormalizer`.
  case english
  /// Whisper's `BasicTextNormalizer` as it is by default, for other languages.
  case basic
  /// The same, with a space between any two characters, for languages that are written without spaces.
  case characters
  /// The text stays as it is.
  case none

  /// What is customary for a language, given as Whisper's code: `en`, `ja`...
  package init(language code: String) {
    let language = try? Language(code)
    self = language == .english ? .english : language?.charactersAreWords ?? false ? .characters : .basic
  }

  /// The normalizer, nil for `none`.
  package var normalizer: (any TextNormalizer)? {
    switch self {
    case .english: EnglishTextNormalizer()
    case .basic: BasicTextNormalizer()
    case .characters: BasicTextNormalizer(splitLetters: true)
    case .none: nil
    }
  }
}
