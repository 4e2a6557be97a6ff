// A table in plain text.

import SwiftletText

/// Columns as wide as their widest cell; the first columns to the left, numbers to the right.
struct TextTable {
  let header: [String]
  /// How many columns at the left hold words.
  let wordColumns: Int
  var rows: [[String]] = []

  var text: String {
    padded.map { $0.joined(separator: "  ").trimmingSuffix { $0 == " " } }.joined(separator: "\n")
  }

  /// The same for pages in Markdown.
  var markdown: String {
    var lines = padded.map { "| " + $0.joined(separator: " | ") + " |" }
    let rules = (padded.first ?? []).enumerated().map { column, cell in
      String(repeating: "-", count: cell.count + 1) + (column < wordColumns ? "-" : ":")
    }
    lines.insert("|" + rules.joined(separator: "|") + "|", at: 1)
    return lines.joined(separator: "\n")
  }

  /// All cells of a column as wide as the widest.
  private var padded: [[String]] {
    let lines = [header] + rows
    let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { line in
      line.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column < wordColumns ? cell + padding : padding + cell
      }
    }
  }
}
