// What one caller of the network holds while a window of its sound is decoded.

import SwiftletWhisper

/// The memory of what the decoder listens to, and with it some of the scheduler's places: taken with the first window that is
/// encoded, held until ``release()``.
///
/// It belongs to one caller at a time, who blocks while the network works for it: see ``NetworkScheduler``.
final class AudioSlot {
  let scheduler: NetworkScheduler
  /// Whether somebody waits for every word, so that it goes before recordings.
  let isLive: Bool
  let stop: StopFlag
  private let sequences: Int
  private var held: (audio: AudioMemory, places: Int)?

  /// - Parameter sequences: that a decoding uses at once, as long as it does not fall back.
  init(_ scheduler: NetworkScheduler, sequences: Int = 1, isLive: Bool = false, stop: StopFlag = StopFlag()) {
    self.scheduler = scheduler
    self.sequences = sequences
    self.isLive = isLive
    self.stop = stop
    scheduler.pool.begin(sequences: sequences)
  }

  deinit {
    release()
    scheduler.pool.end(sequences: sequences)
  }

  /// What the decoder listens to: the window that was encoded last. Waits for a place where none is held.
  var audio: AudioMemory {
    get throws {
      if let held { return held.audio }
      let places = try scheduler.places.take(sequences, isLive: isLive, stop: stop)
      let audio = scheduler.pool.takeAudio()
      held = (audio, places)
      return audio
    }
  }

  /// Ends the work on a window, so that others can have the place.
  func release() {
    guard let held else { return }
    scheduler.pool.giveBack(held.audio)
    scheduler.places.giveBack(held.places, stop: stop)
    self.held = nil
  }
}
