// Sound between the one who delivers it and the one who transcribes it.

import Synchronization

/// Holds what has arrived and has not been heard yet. One task puts sound in, another takes it out.
final class SoundInbox: Sendable {
  private struct State {
    var samples: [Float] = []
    var isEnded = false
    var isClosed = false
    var failure: (any Error)?
    /// Samples that are waited for.
    var wanted = 0
    var reader: CheckedContinuation<Void, Never>?
    var writer: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  /// Samples past which whoever delivers must wait.
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  /// What ended the sound early.
  var failure: (any Error)? { state.withLock { $0.failure } }

  /// Adds sound; waits until there is room for more.
  ///
  /// - Returns: whether anybody will take more.
  func put(_ sound: [Float]) async -> Bool {
    let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.isClosed else { return nil }
      state.samples += sound
      return state.samples.count >= state.wanted ? state.reader.take() : nil
    }
    reader?.resume()
    await withCheckedContinuation { continuation in
      let isFull = state.withLock { state in
        let isFull = state.samples.count >= capacity && !state.isClosed
        if isFull { state.writer = continuation }
        return isFull
      }
      if !isFull { continuation.resume() }
    }
    return state.withLock { !$0.isClosed }
  }

  /// No more sound will come.
  func end(throwing failure: (any Error)? = nil) {
    let reader = state.withLock { state in
      state.isEnded = true
      state.failure = failure
      return state.reader.take()
    }
    reader?.resume()
  }

  /// Nobody takes sound any more; nobody waits.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      return [state.reader.take(), state.writer.take()]
    }
    for continuation in waiting { continuation?.resume() }
  }

  /// Takes all that is there, once it is at least `least` samples or the sound has ended.
  ///
  /// - Returns: at most `most` samples, and whether they are the last.
  func take(atLeast least: Int, atMost most: Int) async -> (sound: [Float], isLast: Bool) {
    await withCheckedContinuation { continuation in
      let mustWait = state.withLock { state in
        let mustWait = state.samples.count < least && !state.isEnded && !state.isClosed
        if mustWait {
          state.wanted = least
          state.reader = continuation
        }
        return mustWait
      }
      if !mustWait { continuation.resume() }
    }
    let (taken, isLast, writer) = state.withLock { state in
      let taken = Array(state.samples.prefix(most))
      state.samples.removeFirst(taken.count)
      let isLast = state.isEnded && state.samples.isEmpty
      return (taken, isLast, state.samples.count < capacity ? state.writer.take() : nil)
    }
    writer?.resume()
    return (taken, isLast)
  }
}
