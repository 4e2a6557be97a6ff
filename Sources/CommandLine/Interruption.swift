// Control-C ends the work in order: the task is cancelled, and whatever it was doing cleans up.

import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Runs `body`; SIGINT and SIGTERM cancel it, and the second one kills.
func cancelledBySignals(_ body: @escaping @Sendable () async throws -> Void) async throws {
  // Signals are heard before there is work: one that comes first would be lost, or end the program at once.
  let interrupted = Mutex((hasCome: false, task: Task<Void, any Error>?.none))
  let watch = SignalWatch.begin {
    for number in SignalWatch.numbers { signal(number, SIG_DFL) }
    let task = interrupted.withLock { state in
      state.hasCome = true
      return state.task
    }
    task?.cancel()
  }
  defer { watch?.cancel() }
  let task = Task { try await body() }
  let hasCome = interrupted.withLock { state in
    state.task = task
    return state.hasCome
  }
  if hasCome { task.cancel() }
  let result = await task.result
  if task.isCancelled {
    StandardError.message("Interrupted.")
    throw ExitCode.interrupted
  }
  try result.get()
}

/// Hears signals through a pipe that their handler writes to. A dispatch source would miss them in a program that was started
/// with them blocked or ignored, as by a shell in the background.
private enum SignalWatch {
  static let numbers = [SIGINT, SIGTERM]
  /// The end that is read and the one that is written to; -1 if there is no pipe.
  private static let ends: (read: Int32, write: Int32) = {
    var ends: [Int32] = [-1, -1]
    return pipe(&ends) == 0 ? (ends[0], ends[1]) : (-1, -1)
  }()

  /// Calls `handler` when a signal comes; nil if there can be no pipe, and signals end the program at once.
  static func begin(_ handler: @escaping @Sendable () -> Void) -> (any DispatchSourceRead)? {
    let (reading, writing) = ends
    guard reading >= 0 else { return nil }
    for end in [reading, writing] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let source = DispatchSource.makeReadSource(fileDescriptor: reading, queue: .global())
    source.setEventHandler {
      var byte: UInt8 = 0
      _ = read(reading, &byte, 1)
      handler()
    }
    source.resume()
    var mask = sigset_t()
    sigemptyset(&mask)
    for number in numbers {
      signal(number) { _ in
        var byte: UInt8 = 1
        _ = write(SignalWatch.ends.write, &byte, 1)
      }
      sigaddset(&mask, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    return source
  }
}
