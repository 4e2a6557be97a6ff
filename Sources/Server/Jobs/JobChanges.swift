// Tells whoever follows a job that there is something new.

#if Server
import Synchronization

/// Wakes the followers of jobs; what is new they read from the ``JobStore``.
final class JobChanges: Sendable {
  private let followers = Mutex<[String: [Int: AsyncStream<Void>.Continuation]]>([:])
  private let count = Atomic<Int>(0)

  func changed(_ id: String) {
    let continuations = followers.withLock { Array(($0[id] ?? [:]).values) }
    for continuation in continuations { continuation.yield() }
  }

  /// An element for each change, or for several that come at once.
  func follow(_ id: String) -> AsyncStream<Void> {
    let number = count.add(1, ordering: .relaxed).newValue
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    followers.withLock { $0[id, default: [:]][number] = continuation }
    continuation.onTermination = { [weak self] _ in
      self?.followers.withLock { followers in
        followers[id]?[number] = nil
        if followers[id]?.isEmpty ?? false { followers[id] = nil }
      }
    }
    return stream
  }
}
#endif
