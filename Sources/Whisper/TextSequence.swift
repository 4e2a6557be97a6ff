// What decoding keeps between steps: the sound that was listened to, and sequences of tokens.

/// Keys and values of attention, wherever a network keeps them.
package protocol KeyValueStore: AnyObject {
  /// Forgets the positions from `position` on.
  func rewind(to position: Int)
  /// Takes over all positions of another store of the same network.
  ///
  /// - Parameter shared: so many positions from the start on are the same in both, and are not copied.
  func copy(from other: any KeyValueStore, after shared: Int)
}

/// Cross-attention keys and values of one window for every layer.
package final class AudioMemory {
  let store: any KeyValueStore
  /// Positions from the start on that stand for themselves alone: see ``EncoderPositions/whole``.
  package internal(set) var wholePositions = 0

  init(_ store: any KeyValueStore) { self.store = store }
}

/// One sequence that is being decoded: its tokens' keys and values, and the audio it listens to.
package final class TextSequence {
  let store: any KeyValueStore
  package private(set) var audio: AudioMemory
  /// Tokens consumed so far.
  package private(set) var position = 0
  /// Tokens that the next step consumes.
  package private(set) var pending: [Int] = []

  /// - Parameter capacity: the positions of the decoder.
  init(_ store: any KeyValueStore, over audio: AudioMemory, capacity: Int) {
    self.store = store
    self.audio = audio
    pending.reserveCapacity(capacity)
  }

  /// Adds a token to what the next step consumes.
  package func push(_ token: Int) { pending.append(token) }
  package func push(_ tokens: [Int]) { pending.append(contentsOf: tokens) }

  /// Forgets the tokens from `position` on, and those that are pending.
  package func rewind(to position: Int) {
    precondition(position <= self.position)
    self.position = position
    pending.removeAll(keepingCapacity: true)
    store.rewind(to: position)
  }

  /// Takes over all that `other` has consumed: the fork of a hypothesis.
  ///
  /// - Parameter shared: so many tokens from the start on are the same in both, and are not copied.
  package func take(over other: TextSequence, shared: Int) {
    precondition(shared <= position && shared <= other.position)
    store.copy(from: other.store, after: shared)
    audio = other.audio
    position = other.position
    pending.removeAll(keepingCapacity: true)
  }

  /// Starts anew over other audio.
  package func restart(over audio: AudioMemory) {
    rewind(to: 0)
    self.audio = audio
  }

  /// A step has consumed what was pending.
  func consumePending() {
    position += pending.count
    pending.removeAll(keepingCapacity: true)
  }
}
