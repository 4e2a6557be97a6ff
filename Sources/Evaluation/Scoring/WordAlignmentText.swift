// An alignment as a person reads it in a terminal.

import SwiftletText

extension WordAlignment {
  /// The words in columns, at most `width` characters wide: the reference above, the hypothesis below, and under both an
  /// S, D or I for each error.
  ///
  /// - Parameter coloured: Whether errors are set in colours (ECMA-48): substitutions yellow, deletions red, insertions
  ///   cyan.
  package func text(width: Int, coloured: Bool) -> String {
    var blocks: [[Column]] = [[]]
    var used = 0
    for column in steps.map(Column.init) {
      if used > 0, Self.margin + used + column.width > width {
        blocks.append([])
        used = 0
      }
      blocks[blocks.count - 1].append(column)
      used += column.width + 1
    }
    return blocks.map { block in
      let lines = [
        "  said   " + block.map { $0.cell(\.reference, coloured) }.joined(separator: " "),
        "  heard  " + block.map { $0.cell(\.hypothesis, coloured) }.joined(separator: " "),
        "         " + block.map { $0.cell(\.mark, coloured) }.joined(separator: " "),
      ]
      return lines.map { $0.trimmingSuffix { $0 == " " } }.filter { !$0.isEmpty }.joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  private static let margin = 9
}

/// One step of an alignment, as wide as the longer of its words.
private struct Column {
  let operation: EditOperation
  let reference: String
  let hypothesis: String
  let width: Int

  init(_ step: WordAlignment.Step) {
    operation = step.operation
    reference = step.reference ?? ""
    hypothesis = step.hypothesis ?? ""
    width = max(1, reference.columns, hypothesis.columns)
  }

  var mark: String {
    switch operation {
    case .match: ""
    case .substitution: "S"
    case .deletion: "D"
    case .insertion: "I"
    }
  }

  func cell(_ text: KeyPath<Column, String>, _ coloured: Bool) -> String {
    let text = self[keyPath: text]
    let padding = String(repeating: " ", count: width - text.columns)
    let colour: Int? =
      switch operation {
      case .match: nil
      case .substitution: 33
      case .deletion: 31
      case .insertion: 36
      }
    guard coloured, let colour, !text.isEmpty else { return text + padding }
    return "\u{1B}[\(colour)m\(text)\u{1B}[0m\(padding)"
  }
}
