// Names that nobody else has, and digests as text.

#if Server
import Foundation

/// A new name that nobody else has, such as `job_0f3a…`.
func newIdentifier(_ prefix: String) -> String {
  prefix + UUID().uuidString.lowercased().replacing("-", with: "")
}

extension Sequence<UInt8> {
  /// Two digits for each byte.
  var hexadecimal: String { map { String(format: "%02x", $0) }.joined() }
}
#endif
