// Where speech is, how it is cut into chunks, and what is checked against it.

extension TranscriptionOptions {
  /// Where speech is, how it is cut into chunks, and what is checked against it.
  public struct VoiceActivity: Hashable, Codable, Sendable {
    /// The rules by which speech is found, to make chunks of it or to keep it with ``filter``; nil for
    /// ``VoiceActivityOptions/chunks`` and ``VoiceActivityOptions/filter``.
    public var rules: VoiceActivityOptions?
    /// Seconds of the longest chunk, 1 to 30; unused if ``TranscriptionOptions/sequential``.
    public var chunkLength = 30.0
    /// Chunks that are decoded at once, 1 to 64, as far as a step of the decoder has room for their hypotheses: 16 in all. Unused if
    /// ``TranscriptionOptions/sequential``.
    public var batchSize = 8
    /// With ``TranscriptionOptions/sequential``, whether to skip silences of 2 s and more. The recording is then read whole.
    public var filter = false
    /// Whether to leave out text that looks invented where there is no speech, and segments that repeat themselves more often than
    /// the sound can hold. With zero padding there is no sound to check, and nothing is left out.
    public var hallucinationGuard = true
    /// Whether to transcribe again, by itself, speech that the text has no words for: at times the decoder takes a pause for the
    /// end. The segments of such a window begin and end with their words. Not with zero padding, nor if
    /// ``TranscriptionOptions/sequential`` without ``Windows/timestamps``, so that both are what the references write; nor
    /// with ``Words/hallucinationSilenceThreshold``, which leaves words out.
    public var omissionGuard = true

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

extension TranscriptionOptions.VoiceActivity: OptionGroup {
  static let fields = [
    OptionField<Self>("rules", \.rules),
    OptionField("chunkLength", \.chunkLength) {
      unless($0, in: 1...30, "The longest chunk must be 1 to 30 s, not \($0).")
    },
    OptionField("batchSize", \.batchSize) {
      unless($0, in: 1...64, "1 to 64 chunks can be decoded at once, not \($0).")
    },
    OptionField("filter", \.filter),
    OptionField("hallucinationGuard", \.hallucinationGuard),
    OptionField("omissionGuard", \.omissionGuard),
  ]
}

extension TranscriptionOptions {
  var guardsOmissions: Bool {
    voiceActivity.omissionGuard && windows.padding == .silence && (windows.timestamps || !sequential)
      && words.hallucinationSilenceThreshold == nil
  }

  /// The rules of voice activity: those that were given, or the defaults.
  var voiceActivityRules: VoiceActivityOptions {
    if sequential { return voiceActivity.rules ?? .filter }
    var rules = voiceActivity.rules ?? .chunks
    rules.maximumSpeech = min(rules.maximumSpeech ?? voiceActivity.chunkLength, voiceActivity.chunkLength)
    return rules
  }
}
