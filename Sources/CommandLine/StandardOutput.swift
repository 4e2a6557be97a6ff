// The result, on standard output.

import ArgumentParser
import Foundation

/// Standard output, where nothing is lost without a word.
enum StandardOutput {
  /// Writes a line at once, so that a reader at the other end of a pipe sees it as soon as it is there.
  ///
  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  static func print(_ text: String) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    } catch {
      let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error ?? error
      StandardError.message("Error: the result cannot be written: \(reason.localizedDescription)")
      throw ExitCode.outputFailed
    }
  }
}
