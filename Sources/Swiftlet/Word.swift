// A word of a transcript.

/// A word and when it was said.
public struct Word: Hashable, Codable, Sendable {
  /// The word with the space before it and the punctuation that belongs to it, as the model wrote it.
  public var text: String
  /// Where it begins, in seconds from the start of the sound.
  public var start: Double
  /// Where it ends, in seconds.
  public var end: Double
  /// How probable the model found it: the mean over its tokens.
  public var probability: Double

  /// A word of these parts; times are seconds from the start of the sound.
  public init(text: String, start: Double, end: Double, probability: Double) {
    self.text = text
    self.start = start
    self.end = end
    self.probability = probability
  }
}
