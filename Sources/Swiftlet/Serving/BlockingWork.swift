// Work that blocks a thread, kept off the threads of Swift's concurrency.

/// Runs the body of a public function on a thread that may block, as part of the current task: it is cancelled with it.
///
/// - Throws: ``SwiftletError`` or `CancellationError`.
func onBlockingThread<Value: Sendable>(
  _ body: @Sendable () async throws -> Value
) async throws -> Value {
  do {
    return try await withTaskExecutorPreference(BlockingExecutor.shared) { try await body() }
  } catch {
    throw publicError(error)
  }
}

/// Threads for jobs that block, such as building an engine.
private final class BlockingExecutor: TaskExecutor {
  static let shared = BlockingExecutor()

  private let queue = BlockingThreads("swiftlet.blocking", limit: .max)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.add { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
