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
  /// How probable that language was when it was detected; nil if it was given.
  public var languageProbability: Double?
  /// The temperature it was decoded at.
  public var temperature: Double
  /// The mean log-probability of a token, over the window's whole hypothesis.
  public var averageLogProbability: Double
  /// How well the text of the window compresses; past 2.4 it most likely repeats itself.
  public var compressionRatio: Double
  /// How probable the model found it that nobody speaks in the window.
  public var noSpeechProbability: Double
  /// The log-probability of each of `tokens`.
  public var tokenLogProbabilities: [Double]
  /// The words and when each was said; nil unless asked for.
  public var words: [Word]?
  /// Where the window begins that it was heard in, in seconds: that of all its segments. Nil if it was not decoded.
  public var windowStart: Double?
  /// The channel it was said in, from 1 on; nil unless channels were transcribed separately.
  public var channel: Int?

  /// A segment of these parts.
  public init(
    start: Double, end: Double, text: String, tokens: [Int], language: String,
    languageProbability: Double? = nil, temperature: Double = 0, averageLogProbability: Double = 0,
    compressionRatio: Double = 0, noSpeechProbability: Double = 0,
    tokenLogProbabilities: [Double] = [], words: [Word]? = nil, windowStart: Double? = nil,
    channel: Int? = nil
  ) {
    self.start = start
    self.end = end
    self.text = text
    self.tokens = tokens
    self.language = language
    self.languageProbability = languageProbability
    self.temperature = temperature
    self.averageLogProbability = averageLogProbability
    self.compressionRatio = compressionRatio
    self.noSpeechProbability = noSpeechProbability
    self.tokenLogProbabilities = tokenLogProbabilities
    self.words = words
    self.windowStart = windowStart
    self.channel = channel
  }
}
