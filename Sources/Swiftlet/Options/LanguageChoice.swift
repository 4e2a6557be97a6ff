// Which languages a recording may be in: the one that was given, or those to detect it among.

import SwiftletText

extension TranscriptionOptions {
  /// What whisper.cpp's users give for a language that is to be detected.
  private static let automatic = "auto"

  /// The same, with nil for a language that is to be detected.
  var withoutAutomaticLanguage: TranscriptionOptions {
    guard language?.lowercased() == Self.automatic else { return self }
    var options = self
    options.language = nil
    return options
  }

  /// The languages that detection chooses among; empty for all. Those that are unknown have been refused.
  var candidates: Set<Language> { Set(languageCandidates.compactMap { try? Language($0) }) }

  /// Refuses candidates that the model does not know, or has no use for.
  static func checkCandidates(
    _ names: [String], given language: String? = nil, tokenizer: Tokenizer
  ) throws(SwiftletError) {
    guard !names.isEmpty else { return }
    let subject = "languageCandidates"
    guard tokenizer.isMultilingual else {
      throw .invalid(
        "This model is for English only, so there is no language to detect; leave out the candidates, or use a model without .en.",
        subject: subject)
    }
    guard language == nil else {
      throw .invalid(
        "A language and candidates for its detection exclude each other; give one of them.", subject: subject)
    }
    for name in names {
      let candidate = try SwiftletError.invalid(subject: subject) { try Language(name) }
      guard tokenizer.specials[candidate] != nil else {
        throw .invalid("\(TokenizerError.languageNotInModel(candidate.code))", subject: subject)
      }
    }
  }
}

/// The languages that Whisper knows.
package enum KnownLanguages {
  /// The code of a language by its code or English name.
  ///
  /// - Throws: ``SwiftletError``, with the names that look most like `text`.
  package static func code(of text: String) throws -> String {
    try SwiftletError.invalid(subject: "language") { try Language(text).code }
  }

  /// The English name by the code, in lower case; nil for an unknown one.
  package static func name(of code: String) -> String? { (try? Language(code))?.name }
}
