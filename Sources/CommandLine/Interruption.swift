// Control-C ends the work in order: the task is cancelled, and whatever it was doing cleans up.

import ArgumentParser
import Dispatch
import Foundation

/// Runs `body`; SIGINT and SIGTERM cancel it, and the second one kills.
func cancelledBySignals(_ body: @escaping @Sendable () async throws -> Void) async throws {
  let task = Task { try await body() }
  let sources = [SIGINT, SIGTERM].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      signal(number, SIG_DFL)
      task.cancel()
    }
    source.resume()
    return source
  }
  defer { sources.forEach { $0.cancel() } }
  let result = await task.result
  if task.isCancelled {
    StandardError.message("Interrupted.")
    throw ExitCode.interrupted
  }
  try result.get()
}
