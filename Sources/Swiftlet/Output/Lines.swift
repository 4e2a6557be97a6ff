// Text that must stay on one line.

import Foundation

extension StringProtocol {
  /// Without white space at either end.
  var trimmingWhitespace: String { trimmingCharacters(in: .whitespacesAndNewlines) }

  /// With spaces where lines end: an empty line would end a subtitle, any line a row of a table.
  var withoutLineBreaks: String {
    split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// Both.
  var onOneLine: String { trimmingWhitespace.withoutLineBreaks }
}
