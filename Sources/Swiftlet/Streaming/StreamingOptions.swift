// How live sound is followed.

/// How to follow live sound; see ``Transcriber/stream(_:options:streaming:)``.
public struct StreamingOptions: Hashable, Codable, Sendable {
  /// Seconds of new sound after which the buffer is decoded again, 0.1 to 10.
  public var step = 1.0
  /// Seconds of sound past which the buffer is cut behind words that are committed, 5 to 25.
  public var bufferLimit = 20.0
  /// Whether all sound that arrived while a step was computed is heard in the next one, so that the delay stays bounded on a
  /// machine that is too slow for every step. Without, each step hears ``step`` seconds: the same text each time, for
  /// recordings.
  public var skipsSteps = true
  /// Whether silence, told by Silero's network, is not decoded, and what was heard before it is committed.
  public var detectsSilence = true

  /// A step of 1 s, 20 s of sound in the buffer.
  public init() {}

  /// - Throws: ``InvalidRequest`` for a number out of range.
  func check() throws(InvalidRequest) {
    guard (0.1...10).contains(step) else {
      throw InvalidRequest(description: "A step is 0.1 to 10 s of sound, not \(step).")
    }
    guard (5...25).contains(bufferLimit) else {
      throw InvalidRequest(description: "The buffer is cut past 5 to 25 s of sound, not \(bufferLimit).")
    }
  }
}

extension TranscriptionOptions {
  /// Beams of every step. Greedy decoding loses words where the sound breaks off, and its hypotheses agree less often.
  var streamingBeamSize: Int { beamSize ?? 3 }
}
