// How many callers may use the network at once: the others wait for their turn.

import Dispatch
import Synchronization

/// A number of places that callers take: live sound before recordings, of these the one that has the fewest places, and else in
/// the order in which they ask. So a recording of many chunks does not keep one of a single chunk waiting.
final class Places: Sendable {
  let total: Int
  private let state: Mutex<State>

  private struct State {
    var free: Int
    /// In the order in which they asked.
    var waiting: [Waiting] = []
    /// Places that recordings have.
    var taken: [ObjectIdentifier: Int] = [:]

    mutating func grant() {
      while let index = next, waiting[index].count <= free {
        let granted = waiting.remove(at: index)
        free -= granted.count
        taken[granted.owner, default: 0] += granted.count
        granted.granted.signal()
      }
    }

    /// Whose turn it is. Nobody goes before one who needs more places than are free, or that one would wait for ever.
    private var next: Int? {
      func rank(_ waiting: Waiting) -> (Int, Int) { (waiting.isLive ? 0 : 1, taken[waiting.owner] ?? 0) }
      return waiting.indices.min { rank(waiting[$0]) < rank(waiting[$1]) }
    }

    mutating func giveBack(_ count: Int, of owner: ObjectIdentifier) {
      free += count
      let left = (taken[owner] ?? 0) - count
      taken[owner] = left > 0 ? left : nil
      grant()
    }
  }

  private final class Waiting: Sendable {
    let count: Int
    let owner: ObjectIdentifier
    let isLive: Bool
    let granted = DispatchSemaphore(value: 0)

    init(_ count: Int, owner: ObjectIdentifier, isLive: Bool) {
      self.count = count
      self.owner = owner
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
  /// - Parameter stop: raised when nobody waits for the result any more; its root is the recording whose places these are.
  /// - Returns: how many were taken, to be given back.
  /// - Throws: `CancellationError` if `stop` is raised while it waits.
  func take(
    _ count: Int, isLive: Bool = false, stop: StopFlag
  ) throws(CancellationError) -> Int {
    let count = min(count, total)
    let owner = ObjectIdentifier(stop.root)
    let waiting = Waiting(count, owner: owner, isLive: isLive)
    state.withLock { state in
      state.waiting.append(waiting)
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
      state.withLock { $0.giveBack(wasWaiting ? 0 : count, of: owner) }
      throw CancellationError()
    }
    return count
  }

  /// - Parameter stop: as it was when they were taken.
  func giveBack(_ count: Int, stop: StopFlag) {
    state.withLock { $0.giveBack(count, of: ObjectIdentifier(stop.root)) }
  }
}
