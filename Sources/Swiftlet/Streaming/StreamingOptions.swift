// How live sound is followed.

/// How to follow live sound; see ``Transcriber/stream(_:options:streaming:)``.
public struct StreamingOptions: Hashable, Codable, Sendable {
  /// Seconds of new sound after which the buffer is decoded again, 0.1 to 10.
  public var step = 1.0
  /// Seconds of sound past which the buffer is cut behind words that are committed, 5 to 25.
  public var bufferLimit = 20.0
  /// Whether all sound that arrived while a step was computed is heard in the next one, so that the delay stays bounded on a
  /// machine that is too slow for every step. Without, each step hears ``step`` seconds: the same text each time, for
  /// recordings.
  public var skipsSteps = true
  /// Whether silence, told by Silero's network, is not decoded, and what was heard before it is committed.
  public var detectsSilence = true

  /// Whether sound comes no sooner than a microphone would give it; for files.
  public var paced = false

  /// The defaults.
  public init() {}

  /// Reads options; those that are missing have their defaults.
  ///
  /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
  public init(from decoder: any Decoder) throws { try decode(from: decoder) }

  /// Writes all options.
  public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }
}

extension StreamingOptions: OptionGroup {
  static let fields = [
    OptionField<Self>("step", \.step) { unless($0, in: 0.1...10, "A step must be 0.1 to 10 s, not \($0).") },
    OptionField("bufferLimit", \.bufferLimit) {
      unless($0, in: 5...25, "The limit of the buffer must be 5 to 25 s, not \($0).")
    },
    OptionField("skipsSteps", \.skipsSteps),
    OptionField("detectsSilence", \.detectsSilence),
    OptionField("paced", \.paced),
  ]
}
