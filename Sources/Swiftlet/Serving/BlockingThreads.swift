// Threads for work that blocks.

import Foundation

/// Runs pieces of work in the order in which they come, so many at once at most, on threads of its own.
///
/// Dispatch and `OperationQueue` share a pool of a thread for each core on Linux. Where all of them block, a further one is made
/// only once a second: with eight recordings at once, the network's thread would come to its turn after eight seconds.
final class BlockingThreads: @unchecked Sendable {
  private let condition = NSCondition()
  private let limit: Int
  private let name: String
  private var waiting: [@Sendable () -> Void] = []
  /// Threads that there are, and those of them that wait for work.
  private var threads = 0
  private var idle = 0
  /// Pieces that are not done.
  private var unfinished = 0
  private var isClosed = false

  /// Seconds that a thread waits for more work before it ends.
  private static let patience = 2.0

  init(_ name: String, limit: Int) {
    self.name = name
    self.limit = limit
  }

  /// Adds a piece of work.
  func add(_ work: @escaping @Sendable () -> Void) {
    let mustStart = condition.withLock {
      waiting.append(work)
      unfinished += 1
      guard idle < waiting.count, threads < limit else {
        condition.broadcast()
        return false
      }
      threads += 1
      return true
    }
    guard mustStart else { return }
    let thread = Thread { self.run() }
    thread.name = name
    thread.qualityOfService = .userInitiated
    thread.start()
  }

  /// Waits until all work is done; the threads then end at once.
  func finish() {
    condition.withLock {
      while unfinished > 0 { condition.wait() }
      isClosed = true
      condition.broadcast()
    }
  }

  private func run() {
    while let work = next() {
      work()
      condition.withLock {
        unfinished -= 1
        if unfinished == 0 { condition.broadcast() }
      }
    }
  }

  /// The next piece of work; nil if the thread is to end.
  private func next() -> (@Sendable () -> Void)? {
    condition.withLock {
      let end = Date(timeIntervalSinceNow: Self.patience)
      while waiting.isEmpty {
        idle += 1
        let isInTime = !isClosed && condition.wait(until: end)
        idle -= 1
        guard isInTime || !waiting.isEmpty else {
          threads -= 1
          return nil
        }
      }
      return waiting.removeFirst()
    }
  }
}
