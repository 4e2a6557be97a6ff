// Where speech last was in live sound.

import SwiftletAudio

/// Hears live sound as it comes, with Silero's network.
final class SpeechWatch {
  private let network: VoiceActivityNetwork
  private let state: VoiceActivityNetwork.State
  /// Sound that does not make a whole window yet.
  private var rest: [Float] = []
  private var heard = 0
  /// The sample of the stream at which the last window with speech ends; nil before any.
  private(set) var speechEnd: Int?

  /// Where speech is taken to go on: what ends it in Silero's own rules, 0.15 below what begins it.
  private static let threshold: Float = 0.35

  init(_ network: VoiceActivityNetwork) {
    self.network = network
    state = network.makeState()
  }

  func hear(_ sound: [Float]) {
    rest += sound
    let length = VoiceActivityNetwork.windowSamples
    let whole = rest.count / length * length
    guard whole > 0 else { return }
    let probabilities = network.probabilities(of: Array(rest[..<whole]), in: state)
    if let last = probabilities.lastIndex(where: { $0 >= Self.threshold }) {
      speechEnd = heard + (last + 1) * length
    }
    heard += whole
    rest.removeFirst(whole)
  }
}
