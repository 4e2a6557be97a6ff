// How speech is told from silence.

/// The rules by which stretches of speech are made of probabilities: those of Silero's `get_speech_timestamps`, with its
/// defaults.
public struct VoiceActivityOptions: Hashable, Codable, Sendable {
  /// Speech begins at this probability.
  public var threshold: Double
  /// Speech may end below this one; 0.15 less than `threshold` if nil, but not less than 0.01.
  public var exitThreshold: Double?
  /// Seconds; shorter stretches are dropped.
  public var minimumSpeech: Double
  /// Seconds; a longer stretch is cut at its longest silence, or where it becomes too long. Nil is no limit.
  public var maximumSpeech: Double?
  /// Seconds of silence that end a stretch.
  public var minimumSilence: Double
  /// Seconds of silence at which a stretch that is too long may be cut.
  public var minimumSilenceAtCut: Double
  /// Seconds that are added at both ends.
  public var padding: Double

  /// Silero's defaults, but for what is given; times are seconds.
  public init(
    threshold: Double = 0.5, exitThreshold: Double? = nil, minimumSpeech: Double = 0.25,
    maximumSpeech: Double? = nil, minimumSilence: Double = 0.1, minimumSilenceAtCut: Double = 0.098,
    padding: Double = 0.03
  ) {
    self.threshold = threshold
    self.exitThreshold = exitThreshold
    self.minimumSpeech = minimumSpeech
    self.maximumSpeech = maximumSpeech
    self.minimumSilence = minimumSilence
    self.minimumSilenceAtCut = minimumSilenceAtCut
    self.padding = padding
  }

  /// By which speech is cut for chunks: those of faster-whisper's `BatchedInferencePipeline`.
  public static let chunks = VoiceActivityOptions(
    minimumSpeech: 0, maximumSpeech: 30, minimumSilence: 0.16, padding: 0.4)

  /// By which silence is passed over: those of faster-whisper's `vad_filter`.
  public static let filter = VoiceActivityOptions(minimumSpeech: 0, minimumSilence: 2, padding: 0.4)

  /// Reads options; those that are missing have Silero's defaults.
  ///
  /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
  public init(from decoder: any Decoder) throws {
    self.init()
    try decode(from: decoder)
  }

  /// Writes all options.
  public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }

  /// Finds out whether the numbers can be meant.
  ///
  /// - Throws: ``SwiftletError/Code/invalidOptions`` for a probability outside 0 to 1, a negative time, or a maximum that the padding uses up.
  public func check() throws(SwiftletError) {
    try checkFields(of: "voiceActivity.rules")
    if let maximumSpeech {
      let least = 2 * padding + 0.1
      guard maximumSpeech >= least, maximumSpeech <= Self.longest else {
        throw SwiftletError.invalid(
          "The longest speech cannot be \(maximumSpeech) s; with this padding, give \(least) to \(Self.longest) s."
        )
      }
    }
  }
}

extension VoiceActivityOptions: OptionGroup {
  static let fields = [
    OptionField<Self>("threshold", \.threshold) { probability($0, "threshold") },
    OptionField("exitThreshold", \.exitThreshold) { probability($0 ?? 0, "exit threshold") },
    OptionField("minimumSpeech", \.minimumSpeech) { time($0, "shortest speech") },
    OptionField("maximumSpeech", \.maximumSpeech),
    OptionField("minimumSilence", \.minimumSilence) { time($0, "shortest silence") },
    OptionField("minimumSilenceAtCut", \.minimumSilenceAtCut) { time($0, "shortest silence to cut at") },
    OptionField("padding", \.padding) { time($0, "padding") },
  ]

  private static func probability(_ value: Double, _ what: String) -> String? {
    unless(value, in: 0...1, "The \(what) must be a probability, 0 to 1, not \(value).")
  }

  private static func time(_ value: Double, _ what: String) -> String? {
    unless(value, in: 0...longest, "The \(what) must be 0 to \(longest) s, not \(value).")
  }

  /// Seconds; ten days.
  private static let longest = 864_000.0
}
