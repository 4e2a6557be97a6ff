// Speech in another language, told by what a model for English alone makes of it.

import Foundation
import Synchronization

/// What a window tells of its language.
struct SpeechEvidence: Sendable {
  /// Where it begins, in seconds from the start of the recording.
  var start: Double
  /// Seconds of sound.
  var seconds: Double
  /// The log-probability of the first hypothesis that does not repeat itself, over all tokens and the end.
  var logProbability: Double
  var tokens: Int
  /// How loud each 20 ms of the sound is, in dB; what is digital silence is left out.
  var levels: [Float]

  /// Nil where the sound is not known, or nothing was written but repetitions.
  init?(_ result: DecodingResult, start: Double, sound: [Float]) {
    guard !sound.isEmpty, let mean = result.firstLogProbability else { return nil }
    self.start = start
    seconds = Double(sound.count) / Double(VoiceActivityDetector.sampleRate)
    tokens = result.tokens.count + 1
    logProbability = mean * Double(tokens)
    levels = stride(from: 0, to: sound.count - Self.step + 1, by: Self.step).map { first in
      let power = sound[first..<first + Self.step].reduce(0) { $0 + $1 * $1 } / Float(Self.step)
      return 10 * log10(power + 1e-10)
    }.filter { $0 > Self.silence }
  }

  private static let step = 320
  private static let silence: Float = -90
}

/// Tells whether a recording is in another language than English, by its first speech.
///
/// A model for English alone has no tokens for languages. What it writes of another one is far less probable than what it writes
/// of English, unless the English is noisy: so nothing is said of sound whose pauses are not much quieter than its speech.
/// How well this tells: docs/notes/default-mode.md.
final class ForeignSpeechWatch: Sendable {
  private struct State {
    var evidence: [SpeechEvidence] = []
    var verdict: Bool?
  }

  private let state = Mutex(State())
  private let leastLogProbability: Double

  /// - Parameter beamSize: of the search at temperature 0; the best of several hypotheses is more probable.
  init(beamSize: Int) { leastLogProbability = beamSize > 1 ? Self.leastOfSeveral : Self.least }

  /// Nil where rules other than the usual ones make text less probable, whatever its language.
  convenience init?(_ options: TranscriptionOptions) {
    guard options.fallback.temperatures.first == 0, options.decoding.repetitionPenalty == 1,
      options.decoding.noRepeatNgramSize == 0
    else { return nil }
    self.init(beamSize: options.effectiveBeamSize)
  }

  /// Seconds of speech that are looked at.
  private static let limit = 30.0

  /// Takes note of what came of a window.
  ///
  /// - Parameters:
  ///   - start: where it begins, in seconds from the start of the recording.
  ///   - sound: of the window, 16 kHz.
  func hear(_ result: DecodingResult, start: Double, sound: [Float]) {
    guard state.withLock({ $0.verdict == nil }),
      let evidence = SpeechEvidence(result, start: start, sound: sound)
    else { return }
    add(evidence)
  }

  func add(_ evidence: SpeechEvidence) {
    state.withLock { state in
      if state.verdict == nil { state.evidence.append(evidence) }
    }
  }

  /// Whether the speech is foreign; false as long as there is too little of it.
  ///
  /// - Parameters:
  ///   - position: the seconds up to which all evidence has been added.
  ///   - isEnd: whether there will be no more.
  func isForeign(upTo position: Double, isEnd: Bool) -> Bool {
    state.withLock { state in
      if let verdict = state.verdict { return verdict }
      // Chunks end in any order; which are looked at must not depend on it.
      let known = state.evidence.filter { $0.start < position || isEnd }.sorted { $0.start < $1.start }
      var seconds = 0.0
      let first = known.prefix { window in
        defer { seconds += window.seconds }
        return seconds < Self.limit
      }
      guard seconds >= Self.limit || isEnd else { return false }
      let verdict = Self.isForeign(Array(first), below: leastLogProbability)
      state = State(verdict: verdict)
      return verdict
    }
  }

  /// - Parameter name: the recording's.
  static func notice(of name: String) -> String {
    "\(name) does not sound like English, which is all that this model knows; use a multilingual model, such as base."
  }

  /// In dB, how much louder the loudest twentieth of the sound must be than the quietest tenth.
  private static let leastRange: Float = 20
  /// The mean log-probability of a token below which a long text is not English. `chance`, over the square root of its tokens, is
  /// how much lower that of a short one must be.
  static let least = -0.45
  static let leastOfSeveral = -0.35
  private static let chance = 3.0

  static func isForeign(_ evidence: [SpeechEvidence], below least: Double) -> Bool {
    let tokens = Double(evidence.reduce(0) { $0 + $1.tokens })
    let sum = evidence.reduce(0) { $0 + $1.logProbability }
    let levels = evidence.flatMap(\.levels).sorted()
    func level(_ share: Double) -> Float { levels[Int(Double(levels.count - 1) * share)] }
    guard tokens > 0, !levels.isEmpty, level(0.95) - level(0.1) >= leastRange else { return false }
    return sum / tokens + chance / tokens.squareRoot() < least
  }
}
