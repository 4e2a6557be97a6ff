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
  /// The server could not begin, or ended with an error.
  static let serverFailed = ExitCode(1)
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

/// The error, and what to do about it at the command line where the library can't know it.
func advice(on error: any Error) -> String {
  guard let known = error as? SwiftletError else { return "\(error)" }
  return known.code == .unusableEngine ? "\(known.message) `swiftlet build` does that." : known.message
}

/// Reports an error and ends the command with `code`.
func fail(_ error: any Error, _ code: ExitCode) throws -> Never {
  StandardError.message("Error: \(advice(on: error))")
  throw code
}
