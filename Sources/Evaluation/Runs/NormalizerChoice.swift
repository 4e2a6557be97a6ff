// Which text normalizer reference and hypothesis go through before they are compared.

import SwiftletText

/// What `--normalizer` may say.
package enum NormalizerChoice: String, Codable, Sendable, CaseIterable {
  /// English for English, basic for every other language.
  case auto
  case english
  case basic
  /// Texts are compared as they are.
  case none
}

extension NormalizerChoice {
  /// A text as it is compared.
  ///
  /// - Parameter language: of both texts, as a code or a name; nil if nobody knows.
  package func normalize(_ text: String, language: String?) -> String {
    text
  }
}
