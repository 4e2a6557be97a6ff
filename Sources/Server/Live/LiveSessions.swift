// The live sessions of a server, of which there is a limited number.

#if Server
import Synchronization

/// Counts live sessions.
final class LiveSessions: Sendable {
  private let open = Mutex(0)
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var count: Int { open.withLock { $0 } }

  /// Runs `body` as a live session.
  ///
  /// - Throws: ``APIError`` with status 429 if there are too many.
  func run<Value>(_ body: () async throws -> Value) async throws -> Value {
    try begin()
    defer { open.withLock { $0 -= 1 } }
    return try await body()
  }

  private func begin() throws(APIError) {
    let hasRoom = open.withLock { open in
      guard open < limit else { return false }
      open += 1
      return true
    }
    guard hasRoom else {
      throw APIError(
        status: .tooManyRequests, message: "\(limit) live sessions are open already; try again later.",
        type: "rate_limit_error", code: "too_many_sessions", retryAfter: 10)
    }
  }
}
#endif
