// What one thread finds out and another waits for.

import Dispatch
import Synchronization

/// A result that is not there yet. Whoever waits blocks, so that this is nothing for the threads of Swift's concurrency.
final class Outcome<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let done = DispatchSemaphore(value: 0)

  /// To be called once.
  func finish(_ result: Result<Value, any Error>) {
    self.result.withLock { $0 = result }
    done.signal()
  }

  /// The value, once it is there; to be called once.
  func wait() throws -> Value {
    while true {
      done.wait()
      if let result = result.withLock({ $0 }) { return try result.get() }
    }
  }
}
