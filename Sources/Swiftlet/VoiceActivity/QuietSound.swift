// Quiet recordings, made as loud for voice activity as it was trained with.

import Foundation

/// Raises sound in which nothing is loud, piece by piece: Silero's network misses words 40 dB below their usual level, which
/// Whisper understands. Sound of a usual level passes through as it is.
struct QuietSound {
  /// What is raised at once, or less at the end: about a second, so that the beginning of a word counts with the rest of it.
  static let piece = 32 * VoiceActivityNetwork.windowSamples

  /// Root mean squares: a second of speech as it usually is, what is taken for quiet, and what silence is taken for.
  private static let usual: Float = 0.05
  private static let quiet: Float = 0.01
  private static let silent: Float = 0.0005
  /// What remains of the loudest second after each further one: half of it after a minute.
  private static let memory: Float = 0.989

  private var level: Float = 0

  /// All of a recording, piece by piece.
  static func raised(whole samples: [Float]) -> [Float] {
    var sound = QuietSound()
    return stride(from: 0, to: samples.count, by: piece).flatMap { first in
      sound.raised(Array(samples[first..<min(first + piece, samples.count)]))
    }
  }

  /// The next piece, raised if all has been quiet for a while.
  mutating func raised(_ samples: [Float]) -> [Float] {
    guard !samples.isEmpty else { return samples }
    let power = samples.reduce(0) { $0 + $1 * $1 } / Float(samples.count)
    level = max(level * Self.memory, power.squareRoot())
    guard level < Self.quiet else { return samples }
    let gain = Self.usual / max(level, Self.silent)
    return samples.map { max(-1, min($0 * gain, 1)) }
  }
}
