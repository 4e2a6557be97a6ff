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

  /// Finds out whether the numbers can be meant.
  ///
  /// - Throws: ``InvalidRequest`` for a probability outside 0 to 1, a negative time, or a maximum that the padding uses up.
  public func check() throws(InvalidRequest) {
    for (value, what) in [(threshold, "threshold"), (exitThreshold ?? 0, "exit threshold")] {
      guard (0...1).contains(value) else {
        throw InvalidRequest(description: "The \(what) \(value) is no probability; give 0 to 1.")
      }
    }
    for (value, what) in [
      (minimumSpeech, "shortest speech"), (minimumSilence, "shortest silence"),
      (minimumSilenceAtCut, "shortest silence to cut at"), (padding, "padding"),
    ] {
      guard (0...Self.longest).contains(value) else {
        throw InvalidRequest(description: "The \(what) cannot be \(value) s; give 0 to \(Self.longest) s.")
      }
    }
    if let maximumSpeech {
      let least = 2 * padding + 0.1
      guard maximumSpeech >= least, maximumSpeech <= Self.longest else {
        throw InvalidRequest(
          description:
            "The longest speech cannot be \(maximumSpeech) s; with this padding, give \(least) to \(Self.longest) s."
        )
      }
    }
  }

  /// Seconds; ten days.
  private static let longest = 864_000.0
}
