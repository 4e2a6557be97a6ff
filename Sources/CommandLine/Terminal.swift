// What is known of the terminal that the result goes to.

import Foundation

/// Where the result is looked at.
enum Terminal {
  static let isThere = isatty(STDOUT_FILENO) == 1

  /// Colours are for people only, and not for those who asked for none (https://no-color.org).
  static let isColoured = isThere && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

  /// Characters of a row at this moment; nil where that can't be told.
  static var columns: Int? {
    var size = winsize()
    guard isThere, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Characters of a line of a report.
  static let width = max(40, columns ?? 100)
}
