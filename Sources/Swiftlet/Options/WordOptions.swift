// The times of words.

extension TranscriptionOptions {
  /// The times of words.
  public struct Words: Hashable, Codable, Sendable {
    /// Whether to find out when each word was said; see ``Segment/words``. With ``TranscriptionOptions/sequential``, segments then
    /// begin and end with their words, and the next window begins after the last word.
    public var timestamps = false
    /// Whether to set ``Segment/words`` and leave text, segments and windows as they are without. Subtitles need it; see
    /// ``SubtitleOptions/needsWords``.
    public var aligned = false
    /// With ``timestamps`` and ``TranscriptionOptions/sequential``, segments that look invented are left out next to this many
    /// seconds of silence, and the silence is skipped; nil disables it.
    public var hallucinationSilenceThreshold: Double?

    /// The defaults.
    public init() {}

    /// Reads options; those that are missing have their defaults.
    ///
    /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
    public init(from decoder: any Decoder) throws { try decode(from: decoder) }

    /// Writes all options.
    public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }
  }
}

extension TranscriptionOptions.Words: OptionGroup {
  static let fields = [
    OptionField<Self>("timestamps", \.timestamps),
    OptionField("aligned", \.aligned),
    OptionField("hallucinationSilenceThreshold", \.hallucinationSilenceThreshold) {
      unless(
        $0 ?? 0, in: 0...(.infinity), "The silence around invented words must be 0 s or more, or be left out."
      )
    },
  ]
}
