// Text that nobody can have said: known by the sound.

import SwiftletAudio

/// Asks voice activity whether anybody speaks, where the hypothesis itself gives reason to doubt it.
struct HallucinationGuard {
  let detector: VoiceActivityDetector
  var repetition = Repetition()

  /// The text of the segment before, and how many times in a row it came.
  struct Repetition: Hashable, Codable, Sendable {
    var text = ""
    var times = 0
  }

  /// Below it, 32 ms of a repetition hold no speech. Silero calls it speech from 0.5 on; here what it doubts is kept.
  private static let leastProbability: Float = 0.2
  /// The repetition from which on the sound is asked.
  private static let suspiciousTimes = 3

  /// Past these, far from where openai-whisper's thresholds reject a hypothesis by itself, the sound is asked.
  private static let doubtfulNoSpeech = 0.3
  private static let doubtfulLogProbability = -0.6

  init(detector: VoiceActivityDetector) { self.detector = detector }

  /// Whether a window holds digital silence, which need not be decoded.
  static func isDigitalSilence(_ window: LogMelWindow) -> Bool {
    !window.sound.isEmpty && window.sound.allSatisfy { $0 == 0 }
  }

  /// Whether a window's text is doubtful and nobody speaks in it.
  func isInvented(_ result: DecodingResult, in window: LogMelWindow) -> Bool {
    let isDoubtful =
      result.noSpeechProbability > Self.doubtfulNoSpeech
      || result.averageLogProbability < Self.doubtfulLogProbability
    guard isDoubtful, !window.sound.isEmpty else { return false }
    return (try? detector.activity(in: window.sound).speech().isEmpty) ?? false
  }

  /// Removes segments that say the same for the third time or more, and longer than the speech under them can take.
  mutating func removeRepetitions(from segments: inout [Segment], in window: LogMelWindow) {
    guard !window.sound.isEmpty else { return }
    var probabilities: [Float]?
    segments.removeAll { segment in
      let times = segment.text == repetition.text ? repetition.times + 1 : 1
      repetition = Repetition(text: segment.text, times: times)
      guard times >= Self.suspiciousTimes, !segment.text.isEmpty else { return false }
      let heard = probabilities ?? detector.activity(in: window.sound).probabilities
      probabilities = heard
      let step = VoiceActivityDetector.windowSeconds
      let first = Int((segment.start - window.start) / step)
      let indices = first..<first + Int(max(0, segment.end - segment.start) / step) + 1
      let speech = heard[indices.clamped(to: heard.indices)].count { $0 >= Self.leastProbability }
      return segment.tokens.count > TailFolding.tokenLimit(seconds: Double(speech) * step, spare: 2)
    }
  }
}
