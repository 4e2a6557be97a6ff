// An engine in a process of its own that is told what to do, and answers, line by line.

import Dispatch
import Foundation
import Swiftlet
import SwiftletEvaluation

/// Why a driver is of no use, in words that complete "NAME: ".
struct DriverFailure: Error, CustomStringConvertible {
  let description: String
}

/// A running driver (Benchmarks/peers/driver.py, or `swiftlet drive`). Not to be used by two tasks at once.
final class DriverProcess {
  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  /// Where its standard error goes: its last line says why it ended.
  private let log: URL
  private let queue = DispatchQueue(label: "swiftlet.driver")
  private let reader: LineReader

  /// Starts it.
  ///
  /// - Throws: ``DriverFailure``.
  init(_ executable: URL, _ arguments: [String], environment: [String: String] = [:]) throws {
    log = FileManager.default.temporaryDirectory.appending(path: "swiftlet-driver-\(UUID().uuidString).log")
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = requests
    process.standardOutput = answers
    reader = LineReader(answers.fileHandleForReading)
    // Else other drivers would hold these ends open, and this one's end would not be noticed.
    for end in [requests.fileHandleForWriting, answers.fileHandleForReading] {
      _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }
    do {
      try Data().write(to: log)
      let errors = try FileHandle(forWritingTo: log)
      process.standardError = errors
      try process.run()
      try? errors.close()
    } catch {
      try? FileManager.default.removeItem(at: log)
      throw DriverFailure(
        description: "\(executable.path) cannot be started: \(LocalFile.reason(of: error)).")
    }
  }

  /// Sends a line.
  func send(_ line: Data) throws {
    do {
      try requests.fileHandleForWriting.write(contentsOf: line + Data("\n".utf8))
    } catch {
      throw ended()
    }
  }

  /// The next answer, without blocking a thread of Swift's own. Cancelling the task ends the driver.
  ///
  /// - Throws: ``DriverFailure`` if it ended, or said something else; `CancellationError`.
  func answer<Answer: Decodable & Sendable>(_ type: Answer.Type) async throws -> Answer {
    let (reader, queue, identifier) = (reader, queue, process.processIdentifier)
    let line = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        queue.async { continuation.resume(returning: reader.next()) }
      }
    } onCancel: {
      _ = kill(identifier, SIGKILL)
    }
    try Task.checkCancellation()
    guard let line else { throw ended() }
    do {
      return try JSONDecoder().decode(Answer.self, from: line)
    } catch {
      let text = String(decoding: line.prefix(200), as: UTF8.self)
      throw DriverFailure(description: "gave an invalid answer: \(text)")
    }
  }

  /// Ends it at once, whatever it does.
  func end() {
    if process.isRunning { _ = kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: log)
  }

  private func ended() -> DriverFailure {
    process.waitUntilExit()
    let tail = (try? Data(contentsOf: log))?.suffix(4000) ?? Data()
    let last = String(decoding: tail, as: UTF8.self).split(separator: "\n").last {
      !$0.allSatisfy(\.isWhitespace)
    }
    let how = process.terminationReason == .uncaughtSignal ? "signal" : "exit code"
    return DriverFailure(
      description: "ended with \(how) \(process.terminationStatus)" + (last.map { ": \($0)" } ?? "."))
  }
}

/// Cuts what comes through a pipe into lines. Used by one queue only.
private final class LineReader: @unchecked Sendable {
  private let handle: FileHandle
  private var rest = Data()
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  init(_ handle: FileHandle) { self.handle = handle }

  /// Blocks until a line is there; nil at the end.
  func next() -> Data? {
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(rest[..<end])
        rest = Data(rest[(end + 1)...])
        return line
      }
      // FileHandle's own reading waits until as much is there as was asked for.
      let count = read(handle.fileDescriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return nil }
      rest += buffer[..<count]
    }
  }
}
