// Where the time of a transcription went.

/// Seconds of wall clock time, and what was done in them.
public struct Timings: Hashable, Codable, Sendable {
  /// Reading and decoding the file, and its log-mel spectrogram.
  public var audio = 0.0
  /// The encoder, with the keys and values of cross attention.
  public var encoder = 0.0
  /// The decoder's steps, and choosing tokens.
  public var decoder = 0.0
  /// Finding the times of words.
  public var alignment = 0.0
  /// Windows of 30 s that were encoded.
  public var windows = 0
  /// Tokens that were decoded, the end of text included.
  public var tokens = 0
  /// Windows whose hypothesis ran away with the tail folded, and that were decoded again from the whole window.
  public var repeated = 0
  /// Seconds of sound.
  public var duration = 0.0

  /// No time, and nothing done.
  public init() {}

  /// Adds the work of another, but not its sound.
  package mutating func add(_ other: Timings) {
    for part in [\Timings.audio, \.encoder, \.decoder, \.alignment] {
      self[keyPath: part] += other[keyPath: part]
    }
    for part in [\Timings.windows, \.tokens, \.repeated] { self[keyPath: part] += other[keyPath: part] }
  }

  /// Adds what `body` takes to `part`.
  mutating func measure<Result>(
    _ part: WritableKeyPath<Timings, Double>, _ body: () throws -> Result
  ) rethrows -> Result {
    let clock = ContinuousClock()
    let begin = clock.now
    defer { self[keyPath: part] += (clock.now - begin) / .seconds(1) }
    return try body()
  }
}
