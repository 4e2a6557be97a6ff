// The place where word timestamps come in.

import SwiftletWhisper

/// A window whose hypothesis has been cut into segments.
struct DecodedWindow {
  /// What the decoder listened to.
  var audio: AudioMemory
  /// Seconds from the start of the recording.
  var start: Double
  /// Frames of sound, 10 ms each.
  var frames: Int
  /// The tokens from `<|startoftranscript|>` to the first that was chosen.
  var startSequence: [Int]
}

/// Finds out when the words of a window were said.
protocol WordAligner {
  /// Sets the words of `segments`, and their beginnings and ends by them.
  func align(_ segments: inout [Segment], of window: DecodedWindow) throws
}
