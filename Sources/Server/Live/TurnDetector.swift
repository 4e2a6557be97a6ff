// Where a speaker begins and ends, in live sound.

#if Server
import Swiftlet

/// Cuts live sound into turns by voice activity, as OpenAI's `server_vad` does.
struct TurnDetector {
  /// The rules, with OpenAI's names and defaults.
  struct Rules: Codable, Sendable, Equatable {
    var type = "server_vad"
    var threshold = 0.5
    /// Milliseconds of sound before speech that belong to it.
    var prefixPadding = 300.0
    /// Milliseconds of silence that end a turn.
    var silenceDuration = 500.0

    init() {}

    init(from decoder: any Decoder) throws {
      let given = try ServerVoiceActivity(from: decoder)
      type = given.type ?? type
      threshold = given.threshold ?? threshold
      prefixPadding = given.prefixPadding ?? prefixPadding
      silenceDuration = given.silenceDuration ?? silenceDuration
    }

    func encode(to encoder: any Encoder) throws {
      try ServerVoiceActivity(
        type: type, threshold: threshold, prefixPadding: prefixPadding, silenceDuration: silenceDuration
      ).encode(to: encoder)
    }
  }

  enum Event: Equatable {
    /// At these samples, counted from the beginning of the sound.
    case began(Int)
    case ended(Int)
  }

  /// Samples from which on a turn is ended even if nobody pauses: a window of Whisper's is 30 s.
  private static let longest = 28 * VoiceActivityDetector.sampleRate

  var rules: Rules
  private var activity: VoiceActivityStream
  private var position: Int
  private var begin: Int?
  private var lastSpeech = 0

  /// - Parameter position: samples that came before the sound that it is given.
  init(_ detector: VoiceActivityDetector, rules: Rules, from position: Int = 0) {
    self.rules = rules
    self.position = position
    activity = VoiceActivityStream(detector)
  }

  /// Samples before which no turn can begin any more, so that sound before them need not be kept.
  var earliest: Int { begin ?? max(0, position - samples(rules.prefixPadding)) }

  /// Takes sound at 16 kHz.
  mutating func add(_ sound: [Float]) -> [Event] {
    var events: [Event] = []
    for probability in activity.add(sound) {
      let start = position
      position += VoiceActivityDetector.windowSamples
      // Speech ends a little below where it begins.
      if Double(probability) >= (begin == nil ? rules.threshold : max(0.01, rules.threshold - 0.15)) {
        lastSpeech = position
        if begin == nil {
          let first = max(0, start - samples(rules.prefixPadding))
          begin = first
          events.append(.began(first))
        }
      }
      guard let first = begin else { continue }
      if position - lastSpeech >= samples(rules.silenceDuration) || position - first >= Self.longest {
        events.append(.ended(position))
        begin = nil
      }
    }
    return events
  }

  /// Forgets a turn that has begun.
  mutating func reset() { begin = nil }

  private func samples(_ milliseconds: Double) -> Int {
    Int(milliseconds * Double(VoiceActivityDetector.sampleRate) / 1000)
  }
}
#endif
