// A language that may be spoken in a recording.

/// How probable the model found it that a language is spoken.
public struct LanguageProbability: Hashable, Codable, Sendable {
  /// As in ``TranscriptionOptions/language``: `en`, `haw`.
  public var code: String
  /// In English, in lower case.
  public var name: String
  /// From 0 to 1; those of all languages to choose among make 1.
  public var probability: Double
}
