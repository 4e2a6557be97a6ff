// The end of a program: success, an error, or Control-C.

import Dispatch
import Foundation

/// Runs a program's work with its arguments, then exits: with 0; with 1 after an error, which is printed to standard error; or
/// with 130 if Control-C cancelled the work. A second Control-C kills the program.
public func run(_ work: @escaping @Sendable (_ arguments: [String]) async throws -> Void) async -> Never {
  let task = Task { try await work(Array(CommandLine.arguments.dropFirst())) }
  signal(SIGINT, SIG_IGN)
  let interrupts = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
  interrupts.setEventHandler {
    signal(SIGINT, SIG_DFL)
    task.cancel()
  }
  interrupts.activate()

  let result = await task.result
  interrupts.cancel()
  ProgressLine.clear()
  if task.isCancelled { exit(130) }
  if case .failure(let error) = result {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
  }
  exit(0)
}

/// The program was called with the wrong arguments.
public struct Usage: Error, CustomStringConvertible {
  public let description: String

  public init(_ arguments: String) { description = "Usage: \(arguments)" }
}
