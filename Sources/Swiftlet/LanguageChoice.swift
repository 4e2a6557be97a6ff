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
  ) throws(InvalidRequest) {
    guard !names.isEmpty else { return }
    guard tokenizer.isMultilingual else {
      throw InvalidRequest(
        description:
          "This model is for English only, so there is no language to detect; leave out the candidates, or use a model without .en."
      )
    }
    guard language == nil else {
      throw InvalidRequest(
        description: "A language and candidates for its detection exclude each other; give one of them.")
    }
    for name in names {
      let candidate = try InvalidRequest.wrapping { try Language(name) }
      guard tokenizer.specials[candidate] != nil else {
        throw InvalidRequest(description: "\(TokenizerError.languageNotInModel(candidate.code))")
      }
    }
  }
}
