// A piece of a transcript.

/// What was said in one stretch of the sound.
public struct Segment: Hashable, Codable, Sendable {
  /// Where it begins, in seconds from the start of the sound.
  public var start: Double
  /// Where it ends, in seconds.
  public var end: Double
  /// The words, without spaces at either end.
  public var text: String
  /// The model's tokens behind the words.
  public var tokens: [Int]
  /// The code of the language that was given or detected.
  public var language: String
}
