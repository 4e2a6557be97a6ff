// A stretch of speech.

/// From where to where somebody speaks.
public struct SpeechRange: Hashable, Codable, Sendable {
  /// The first sample, at 16 kHz.
  public var startSample: Int
  /// The sample after the last.
  public var endSample: Int

  /// The samples from `startSample` up to but not including `endSample`.
  public init(startSample: Int, endSample: Int) {
    self.startSample = startSample
    self.endSample = endSample
  }

  /// Where it begins, in seconds from the start of the sound.
  public var start: Double { Double(startSample) / Double(VoiceActivityDetector.sampleRate) }
  /// Where it ends, in seconds.
  public var end: Double { Double(endSample) / Double(VoiceActivityDetector.sampleRate) }
}
