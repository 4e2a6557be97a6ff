// The four things that can happen to a token on the way from reference to hypothesis.

package enum EditOperation: String, Codable, Hashable, Sendable {
  /// The token is in both.
  case match
  /// The hypothesis has another token in this place.
  case substitution
  /// The hypothesis lacks the token.
  case deletion
  /// The hypothesis has a token too many.
  case insertion
}
