// The caches of decoding: lent from window to window, kept while somebody will need them again, freed after that.

import Foundation
import SwiftletWhisper

/// Audio memories and text sequences that nobody uses at the moment. What is taken belongs to the caller until it is given
/// back.
final class SequencePool: @unchecked Sendable {
  private let network: any Network
  private let lock = NSLock()
  private var audios = Shelf<AudioMemory>()
  private var sequences = Shelf<TextSequence>()

  /// How many there are of a kind.
  struct Count: Hashable {
    var audio: Int
    var sequences: Int
  }

  /// Those of one kind that are free, and how many there should be.
  private struct Shelf<Cache> {
    var free: [Cache] = []
    var lent = 0
    /// What the callers at work use all the time.
    var wanted = 0

    /// One is always kept, so that a stream does not begin with new memory in every step.
    mutating func trim() {
      let excess = lent + free.count - max(1, wanted)
      if excess > 0 { free.removeLast(min(excess, free.count)) }
    }
  }

  init(_ network: any Network) { self.network = network }

  /// Sequences with nothing consumed, over `audio`.
  func take(_ count: Int, over audio: AudioMemory) -> [TextSequence] {
    let used = lock.withLock {
      sequences.lent += count
      // One by one, into memory of its own: whoever takes them goes on with them outside the lock.
      return (0..<min(count, sequences.free.count)).compactMap { _ in sequences.free.popLast() }
    }
    for sequence in used { sequence.restart(over: audio) }
    return used + (used.count..<count).map { _ in network.makeSequence(over: audio) }
  }

  func giveBack(_ used: [TextSequence]) {
    lock.withLock {
      sequences.lent -= used.count
      sequences.free += used
      sequences.trim()
    }
  }

  func takeAudio() -> AudioMemory {
    let used = lock.withLock {
      audios.lent += 1
      return audios.free.popLast()
    }
    return used ?? network.makeAudioMemory()
  }

  func giveBack(_ audio: AudioMemory) {
    lock.withLock {
      audios.lent -= 1
      audios.free.append(audio)
      audios.trim()
    }
  }

  /// Callers begin that use `count` sequences at once each, over one audio memory.
  func begin(callers: Int = 1, sequences count: Int) {
    lock.withLock {
      sequences.wanted += callers * count
      audios.wanted += callers
    }
  }

  /// They have ended: what only they needed is freed.
  func end(callers: Int = 1, sequences count: Int) {
    lock.withLock {
      sequences.wanted -= callers * count
      audios.wanted -= callers
      sequences.trim()
      audios.trim()
    }
  }

  /// What is in memory, lent or free.
  var count: Count {
    lock.withLock {
      Count(audio: audios.lent + audios.free.count, sequences: sequences.lent + sequences.free.count)
    }
  }
}

/// The sequences of one decoding, over the same audio: as many as it turns out to need.
final class SequenceLoan {
  private let pool: SequencePool
  private let audio: AudioMemory
  private var sequences: [TextSequence] = []

  init(_ pool: SequencePool, over audio: AudioMemory) {
    self.pool = pool
    self.audio = audio
  }

  /// The first `count`, taken from the pool where there are fewer yet.
  func first(_ count: Int) -> [TextSequence] {
    if sequences.count < count { sequences += pool.take(count - sequences.count, over: audio) }
    return Array(sequences.prefix(count))
  }

  /// Ends the loan; nothing may be decoded with its sequences after that.
  func giveBack() {
    pool.giveBack(sequences)
    sequences = []
  }

  deinit { giveBack() }
}
