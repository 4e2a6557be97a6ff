// How many callers may use the network at once: the others wait for their turn.

import Dispatch
import Synchronization

/// A number of places that callers take in the order in which they ask, live sound before recordings.
final class Places: Sendable {
  let total: Int
  private let state: Mutex<State>

  private struct State {
    var free: Int
    var waiting: [Waiting] = []

    mutating func grant() {
      while let next = waiting.first, next.count <= free {
        free -= next.count
        waiting.removeFirst().granted.signal()
      }
    }
  }

  private final class Waiting: Sendable {
    let count: Int
    let isLive: Bool
    let granted = DispatchSemaphore(value: 0)

    init(_ count: Int, isLive: Bool) {
      self.count = count
      self.isLive = isLive
    }
  }

  /// How long a waiting caller takes to notice that it is cancelled.
  private static let patience = DispatchTimeInterval.milliseconds(50)

  init(_ total: Int) {
    self.total = total
    state = Mutex(State(free: total))
  }

  var free: Int { state.withLock { $0.free } }
  /// How many callers wait.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Takes `count` places, or all if there are fewer; blocks until they are free.
  ///
  /// - Returns: how many were taken, to be given back.
  /// - Throws: `CancellationError` if `stop` is raised while it waits.
  func take(
    _ count: Int, isLive: Bool = false, stop: StopFlag
  ) throws(CancellationError) -> Int {
    let count = min(count, total)
    let waiting = Waiting(count, isLive: isLive)
    state.withLock { state in
      let position = isLive ? state.waiting.firstIndex { !$0.isLive } : nil
      state.waiting.insert(waiting, at: position ?? state.waiting.endIndex)
      state.grant()
    }
    while waiting.granted.wait(timeout: .now() + Self.patience) == .timedOut {
      guard stop.isSet else { continue }
      let wasWaiting = state.withLock { state in
        let index = state.waiting.firstIndex { $0 === waiting }
        if let index { state.waiting.remove(at: index) }
        return index != nil
      }
      // It may have been granted in the meantime; either way, those behind it may go on.
      giveBack(wasWaiting ? 0 : count)
      throw CancellationError()
    }
    return count
  }

  func giveBack(_ count: Int) {
    state.withLock { state in
      state.free += count
      state.grant()
    }
  }
}
