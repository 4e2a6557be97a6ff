// What is not the result: messages and progress, on standard error.

import Foundation
import Synchronization

/// Standard error, with a progress line that is rewritten in place where a person is looking.
enum StandardError {
  static let isTerminal = isatty(STDERR_FILENO) == 1
  private static let hasProgressLine = Mutex(false)

  /// Writes a message on a line of its own.
  static func message(_ text: String) {
    hasProgressLine.withLock { shown in
      write((shown ? eraseLine : "") + text + "\n")
      shown = false
    }
  }

  /// Replaces the progress line; writes nothing where standard error is no terminal.
  static func progress(_ text: String) {
    guard isTerminal else { return }
    hasProgressLine.withLock { shown in
      write(eraseLine + text)
      shown = true
    }
  }

  /// Removes the progress line, so that the result can be printed.
  static func clearProgress() {
    hasProgressLine.withLock { shown in
      if shown { write(eraseLine) }
      shown = false
    }
  }

  /// Back to the margin, and clear to the end of the line (ECMA-48).
  private static let eraseLine = "\r\u{1B}[K"

  /// Where messages can't be written, there is nobody to tell.
  private static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
