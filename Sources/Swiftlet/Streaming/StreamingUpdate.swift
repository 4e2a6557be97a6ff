// What a step of streaming gives.

/// What was heard of live sound in one step. Words begin with the space before them, so that their texts put together are the
/// transcript.
public struct StreamingUpdate: Hashable, Codable, Sendable {
  /// Words that are certain since the update before; they never change any more. A mark that turned up after its word was
  /// committed is a word of its own.
  public var committed: [Word]
  /// The guess at what comes after all that is committed. The next update replaces it.
  public var partial: [Word]
  /// The code of the language that was given or detected; nil until there is one. It may change until the first word is
  /// committed.
  public var language: String?
  /// How probable the language was when it was detected; nil if it was given.
  public var languageProbability: Double?
  /// Seconds from the start of the sound to the end of what was heard.
  public var position: Double
  /// Seconds that the step took.
  public var elapsed: Double
  /// What a listener should know of the sound so far; see ``TranscriptionProgress/notices``.
  public var notices: [String]

  /// An update of these parts; times are seconds.
  public init(
    committed: [Word], partial: [Word], language: String? = nil, languageProbability: Double? = nil,
    position: Double, elapsed: Double, notices: [String] = []
  ) {
    self.committed = committed
    self.partial = partial
    self.language = language
    self.languageProbability = languageProbability
    self.position = position
    self.elapsed = elapsed
    self.notices = notices
  }
}
