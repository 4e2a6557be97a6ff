// The languages of media files' tags.

import Foundation

extension Language {
  /// The code, as Whisper has it, of a language tag: BCP 47 (`en-US`) or ISO 639-2 (`eng`, `deu` or `ger`); nil if there is none.
  package static func code(ofTag tag: String) -> String? {
    let first = tag.lowercased().prefix { $0.isLetter }
    if let code = bibliographic[String(first)] { return code }
    return Locale.Language(identifier: String(first)).languageCode?.identifier
  }

  /// The codes for bibliographies of ISO 639-2 (https://www.loc.gov/standards/iso639-2/), which Unicode's tables leave out.
  private static let bibliographic = [
    "alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh", "cmn": "zh", "cze": "cs", "dut": "nl",
    "fre": "fr",
    "geo": "ka", "ger": "de", "gre": "el", "ice": "is", "mac": "mk", "mao": "mi", "may": "ms", "per": "fa",
    "rum": "ro",
    "slo": "sk", "tib": "bo", "wel": "cy",
  ]
}
