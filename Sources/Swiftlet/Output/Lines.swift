// Text that must stay on one line.

import SwiftletText

extension String {
  /// With spaces where lines end: an empty line would end a subtitle, any line a row of a table.
  var withoutLineBreaks: String {
    split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// On one line, without white space at either end.
  var onOneLine: String { trimmingWhitespace.withoutLineBreaks }
}
