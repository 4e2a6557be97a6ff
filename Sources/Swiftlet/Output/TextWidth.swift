// How wide text is in a terminal.

import SwiftletText

/// Columns of text where every character has a whole number of them: two for East Asian ones and emoji, none for marks.
package enum TextWidth {
  package static func columns(of text: String) -> Int { text.columns }

  /// As much of the beginning of `text` as takes up at most `limit` columns.
  package static func prefix(of text: String, columns limit: Int) -> Substring {
    var columns = 0
    return text.prefix {
      columns += $0.columns
      return columns <= limit
    }
  }
}
