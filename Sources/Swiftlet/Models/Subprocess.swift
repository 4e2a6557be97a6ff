// Runs another program.

import Foundation
import SwiftletFiles

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A program to run with its output in a file.
struct Subprocess: Sendable {
  let executable: URL
  let arguments: [String]
  /// Variables that are set besides those of this process.
  var environment: [String: String] = [:]

  /// Finds `name` in PATH.
  ///
  /// - Throws: `ModelError.commandMissing`.
  init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws(ModelError) {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let found = path.split(separator: ":").map { URL(filePath: String($0)).appending(path: name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    guard let found else { throw .commandMissing(name) }
    executable = found
    self.arguments = arguments
    self.environment = environment
  }

  /// Runs the program to its end without blocking a thread. Cancelling the task terminates it.
  ///
  /// - Parameter log: Receives standard output and standard error.
  /// - Throws: `ModelError.commandFailed` with the end of the log.
  func run(log: URL) async throws(ModelError) {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let command = ([executable.lastPathComponent] + arguments).joined(separator: " ")
    let output: FileHandle
    do {
      try Data().write(to: log)
      output = try FileHandle(forWritingTo: log)
    } catch {
      throw .cannotWrite(path: log.path, reason: fileErrorReason(error))
    }
    defer { try? output.close() }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output

    let status: Result<Int32, any Error> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        process.terminationHandler = { continuation.resume(returning: .success($0.terminationStatus)) }
        do {
          try process.run()
          // Cancelled before there was anything to terminate.
          if Task.isCancelled { Self.terminate(process) }
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    } onCancel: {
      Self.terminate(process)
    }
    switch status {
    case .success(0): return
    case .success(let status):
      throw .commandFailed(command, status: Int(status), output: Self.end(of: log))
    case .failure(let error):
      throw .commandFailed(command, status: -1, output: error.localizedDescription)
    }
  }

  /// Ends the program and its children: `python3` may be a script that starts the real one (pyenv), which
  /// would otherwise live on.
  ///
  /// Foundation starts programs from a thread that blocks most signals, and on Linux they inherit that, so
  /// that they would never see SIGTERM. What they leave half written is deleted by whoever ran them.
  private static func terminate(_ process: Process) {
    guard process.isRunning else { return }
    let identifier = process.processIdentifier
    kill(getpgid(identifier) == identifier ? -identifier : identifier, SIGKILL)
  }

  /// The last lines of a log, those with the word ERROR if there are any.
  private static func end(of log: URL) -> String {
    guard let data = try? Data(contentsOf: log) else { return "" }
    let lines = String(decoding: data.suffix(4000), as: UTF8.self)
      .split(separator: "\n").filter { !$0.hasPrefix("[notice]") }
    let errors = lines.filter { $0.hasPrefix("ERROR") }
    return (errors.isEmpty ? lines.suffix(3) : errors.suffix(3)).joined(separator: " ")
  }
}
