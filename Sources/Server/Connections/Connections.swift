// What becomes of the work on a request when its client goes.

#if Server
import NIOCore
import Synchronization

/// The connections whose requests are being served.
final class Connections: Sendable {
  private let watchers = Mutex<[ObjectIdentifier: [Int: @Sendable () -> Void]]>([:])
  private let count = Atomic<Int>(0)

  /// Runs `body`, and cancels it if the client closes the connection meanwhile.
  func cancellingOnClose<Value: Sendable>(
    _ channel: any Channel, _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let task = Task { try await body() }
    let key = ObjectIdentifier(channel)
    let number = count.add(1, ordering: .relaxed).newValue
    watchers.withLock { $0[key, default: [:]][number] = { task.cancel() } }
    defer {
      watchers.withLock { watchers in
        watchers[key]?[number] = nil
        if watchers[key]?.isEmpty ?? false { watchers[key] = nil }
      }
    }
    if !channel.isActive { task.cancel() }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// The client of a connection has gone, or sends no more.
  func clientLeft(_ channel: any Channel) {
    let watchers = watchers.withLock { $0[ObjectIdentifier(channel)] ?? [:] }
    for cancel in watchers.values { cancel() }
  }
}
#endif
