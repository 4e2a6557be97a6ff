// Voice activity of live sound.

/// Tells speech from silence while the sound comes.
///
/// ```swift
/// var activity = VoiceActivityStream(try VoiceActivityDetector())
/// let isSpeech = activity.add(samples).contains { $0 > 0.5 }
/// ```
public struct VoiceActivityStream {
  private let network: VoiceActivityNetwork
  private let state: VoiceActivityNetwork.State
  private var rest: [Float] = []

  /// A stream that begins in silence.
  public init(_ detector: VoiceActivityDetector) {
    network = detector.network
    state = detector.network.makeState()
  }

  /// Takes the next sound.
  ///
  /// - Parameter samples: at 16 kHz, as many as there are.
  /// - Returns: the probability of speech in each window of ``VoiceActivityDetector/windowSamples`` (32 ms) that is complete now.
  public mutating func add(_ samples: [Float]) -> [Float] {
    rest += samples
    let count = rest.count / VoiceActivityDetector.windowSamples * VoiceActivityDetector.windowSamples
    guard count > 0 else { return [] }
    defer { rest.removeFirst(count) }
    return network.probabilities(of: Array(rest.prefix(count)), in: state)
  }
}
