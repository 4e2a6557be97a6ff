// Special tokens as the reference writes them.

package import SwiftletText

extension Tokenizer {
  /// How a special token or timestamp is written, nil if `token` is neither.
  package func name(ofSpecial token: Int) -> String? {
    specials.names()[token] ?? specials.timestampName(of: token)
  }

  /// As `decode`, with special tokens and timestamps written out: `<|startoftranscript|><|0.00|>
  /// Hello<|0.48|>`.
  package func decodeWithSpecials(_ tokens: some Sequence<Int>) -> String {
    let names = specials.names()
    var bytes: [UInt8] = []
    for token in tokens {
      if let name = names[token] ?? specials.timestampName(of: token) {
        bytes.append(contentsOf: name.utf8)
      } else {
        bytes.append(contentsOf: self.bytes(of: token))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
