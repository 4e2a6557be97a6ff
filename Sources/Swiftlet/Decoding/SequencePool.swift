// Sequences that are used for one window after the other: their caches are large, and made once.

import SwiftletWhisper

/// Text sequences that nobody has at the moment.
final class SequencePool {
  private let decoder: TextDecoder
  private var free: [TextSequence] = []

  init(decoder: TextDecoder) { self.decoder = decoder }

  /// New or used sequences with nothing consumed, over `audio`.
  func take(_ count: Int, over audio: AudioMemory) -> [TextSequence] {
    (0..<count).map { _ in
      guard let sequence = free.popLast() else { return decoder.makeSequence(over: audio) }
      sequence.restart(over: audio)
      return sequence
    }
  }

  func giveBack(_ sequences: [TextSequence]) { free.append(contentsOf: sequences) }
}
