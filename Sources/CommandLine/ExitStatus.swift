// The exit codes that scripts can rely on.

import ArgumentParser

extension ExitCode {
  /// A recording could not be transcribed, or not to its end.
  static let recordingFailed = ExitCode(1)
  /// The model could not be found, fetched or read.
  static let modelFailed = ExitCode(2)
  /// Ended by Control-C: 128 and the signal's number, as shells have it.
  static let interrupted = ExitCode(130)
}
