// What a model's tokens and codes stand for.

import SwiftletText

extension Transcriber {
  /// The English names of all languages that Whisper knows, by their codes: `["en": "english", …]`.
  public static let languageNames: [String: String] = Dictionary(
    uniqueKeysWithValues: Language.all.map { ($0.code, $0.name) })

  /// The text of one token, as bytes of UTF-8: a character may be spread over several tokens.
  ///
  /// - Parameter token: as in ``Segment/tokens``.
  /// - Returns: nothing for a timestamp or another special token, and for a number that is no token.
  public func bytes(of token: Int) -> [UInt8] {
    (0..<tokenizer.specials.endOfText).contains(token) ? Array(tokenizer.bytes(of: token)) : []
  }
}
