// The exit codes that scripts can rely on.

import ArgumentParser
import Swiftlet

extension ExitCode {
  /// A recording could not be transcribed, or not to its end.
  static let recordingFailed = ExitCode(1)
  /// A text could not be read or compared.
  static let textFailed = ExitCode(1)
  /// The model could not be found, fetched or read.
  static let modelFailed = ExitCode(2)
  /// The command can't be meant so: what argument-parser ends with as well (`EX_USAGE` of sysexits.h).
  static let notUnderstood = ExitCode(64)
  /// The result could not be written, to a full disk for example (`EX_IOERR`).
  static let outputFailed = ExitCode(74)
  /// Ended by Control-C: 128 and the signal's number, as shells have it.
  static let interrupted = ExitCode(130)
  /// Nobody reads the result any more: what SIGPIPE ends with, where it is not ignored.
  static let pipeClosed = ExitCode(141)
}

extension Error {
  /// Whether something was asked for that can't be served.
  var isAboutOptions: Bool { (self as? SwiftletError)?.code == .invalidOptions }
}

/// Reports an error and ends the command with `code`.
func fail(_ error: any Error, _ code: ExitCode) throws -> Never {
  StandardError.message("Error: \(error)")
  throw code
}
