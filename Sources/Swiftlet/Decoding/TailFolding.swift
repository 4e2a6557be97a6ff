// When the silent tail of a window is folded, and when the result is not to be trusted.

import SwiftletAudio
import SwiftletWhisper

/// The rules of tail folding, chosen by measurement (docs/notes/default-mode.md).
enum TailFolding {
  /// Seconds of a window that must be empty for folding to be worth it.
  static let leastEmptySeconds = 1.0

  /// Those of the encoder's `count` positions of a window that are looked at.
  static func positions(
    of window: LogMelWindow, count: Int, options: TranscriptionOptions
  ) -> EncoderPositions {
    let empty = LogMelWindow.seconds(LogMelWindow.frames - window.soundFrames)
    guard options.effectiveTail == .fold, empty >= leastEmptySeconds else {
      return .exact(positions: count)
    }
    return .folded(
      positions: count, sound: (window.soundFrames + 1) / 2, margin: Int(options.windows.tailMargin * 50),
      step: options.windows.tailStep)
  }

  /// More tokens than anybody speaks in `seconds`: the fastest speech has about eight in a second.
  ///
  /// - Parameter spare: tokens that may be more: timestamps, punctuation.
  static func tokenLimit(seconds: Double, spare: Int = 16) -> Int { spare + Int(10 * seconds) }

  /// openai-whisper's limit, past which text repeats itself.
  static let compressionRatioLimit = 2.4
}
