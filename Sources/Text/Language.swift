// The languages that Whisper was trained on, by code and by name.

import SwiftletBasics

/// A language that Whisper can write.
package struct Language: Hashable, Sendable {
  /// The code in Whisper's special token, mostly ISO 639-1: `en`, `fr`, `haw`.
  package let code: String
  /// The name in English, in lower case: `english`, `haitian creole`.
  package let name: String

  package static let english = Language(code: "en", name: "english")

  /// All languages in the order of their tokens; a vocabulary with 99 languages lacks the last, Cantonese.
  ///
  /// The table is openai-whisper's (`whisper/tokenizer.py`, `LANGUAGES`).
  package static let all: [Language] = codesAndNames.map { Language(code: $0.0, name: $0.1) }

  /// Finds a language by its code, its English name or another name for it, in capitals or not.
  ///
  /// - Throws: `TokenizerError.unknownLanguage` with the names that look most like `text`.
  package init(_ text: String) throws(TokenizerError) {
    let key = text.lowercased()
    let code = Self.aliases[key] ?? key
    guard let language = Self.all.first(where: { $0.code == code || $0.name == code }) else {
      throw .unknownLanguage(text, nearest: Self.names(like: key))
    }
    self = language
  }

  private init(code: String, name: String) {
    self.code = code
    self.name = name
  }

  /// The names nearest to `key`, none if nothing is near.
  private static func names(like key: String) -> [String] {
    let names = all.map(\.name) + aliases.keys.sorted()
    return nearest(to: key, among: names, within: max(1, key.count / 3))
  }

  /// Other names, of a language or a variety of it, as openai-whisper's `TO_LANGUAGE_CODE` has them.
  private static let aliases = [
    "burmese": "my", "valencian": "ca", "flemish": "nl", "haitian": "ht", "letzeburgesch": "lb",
    "pushto": "ps", "panjabi": "pa", "moldavian": "ro", "moldovan": "ro", "sinhalese": "si",
    "castilian": "es", "mandarin": "zh",
  ]

  private static let codesAndNames = [
    ("en", "english"), ("zh", "chinese"), ("de", "german"), ("es", "spanish"), ("ru", "russian"),
    ("ko", "korean"), ("fr", "french"), ("ja", "japanese"), ("pt", "portuguese"), ("tr", "turkish"),
    ("pl", "polish"), ("ca", "catalan"), ("nl", "dutch"), ("ar", "arabic"), ("sv", "swedish"),
    ("it", "italian"), ("id", "indonesian"), ("hi", "hindi"), ("fi", "finnish"), ("vi", "vietnamese"),
    ("he", "hebrew"), ("uk", "ukrainian"), ("el", "greek"), ("ms", "malay"), ("cs", "czech"),
    ("ro", "romanian"), ("da", "danish"), ("hu", "hungarian"), ("ta", "tamil"), ("no", "norwegian"),
    ("th", "thai"), ("ur", "urdu"), ("hr", "croatian"), ("bg", "bulgarian"), ("lt", "lithuanian"),
    ("la", "latin"), ("mi", "maori"), ("ml", "malayalam"), ("cy", "welsh"), ("sk", "slovak"),
    ("te", "telugu"), ("fa", "persian"), ("lv", "latvian"), ("bn", "bengali"), ("sr", "serbian"),
    ("az", "azerbaijani"), ("sl", "slovenian"), ("kn", "kannada"), ("et", "estonian"),
    ("mk", "macedonian"), ("br", "breton"), ("eu", "basque"), ("is", "icelandic"), ("hy", "armenian"),
    ("ne", "nepali"), ("mn", "mongolian"), ("bs", "bosnian"), ("kk", "kazakh"), ("sq", "albanian"),
    ("sw", "swahili"), ("gl", "galician"), ("mr", "marathi"), ("pa", "punjabi"), ("si", "sinhala"),
    ("km", "khmer"), ("sn", "shona"), ("yo", "yoruba"), ("so", "somali"), ("af", "afrikaans"),
    ("oc", "occitan"), ("ka", "georgian"), ("be", "belarusian"), ("tg", "tajik"), ("sd", "sindhi"),
    ("gu", "gujarati"), ("am", "amharic"), ("yi", "yiddish"), ("lo", "lao"), ("uz", "uzbek"),
    ("fo", "faroese"), ("ht", "haitian creole"), ("ps", "pashto"), ("tk", "turkmen"), ("nn", "nynorsk"),
    ("mt", "maltese"), ("sa", "sanskrit"), ("lb", "luxembourgish"), ("my", "myanmar"), ("bo", "tibetan"),
    ("tl", "tagalog"), ("mg", "malagasy"), ("as", "assamese"), ("tt", "tatar"), ("haw", "hawaiian"),
    ("ln", "lingala"), ("ha", "hausa"), ("ba", "bashkir"), ("jw", "javanese"), ("su", "sundanese"),
    ("yue", "cantonese"),
  ]
}

extension Language: CustomStringConvertible {
  package var description: String { code }
}
