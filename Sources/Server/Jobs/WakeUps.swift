// Work that is looked for when somebody says so, and every now and then.

#if Server
import ServiceLifecycle

/// Looks for work until the server is to end.
struct WakeUps: Sendable {
  private let calls: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (calls, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  /// There may be something to do.
  func call() { continuation.yield() }

  /// - Parameters:
  ///   - seconds: after which it is looked for work though nobody has called.
  ///   - look: does what there is to do; one at a time.
  func run(every seconds: Double, _ look: @escaping @Sendable () async -> Void) async {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { for await _ in calls { await look() } }
        group.addTask {
          while !Task.isCancelled {
            call()
            try? await Task.sleep(for: .seconds(seconds))
          }
        }
      }
    }
  }
}
#endif
