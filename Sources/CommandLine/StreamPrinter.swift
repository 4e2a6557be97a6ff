// What was heard of live sound, on standard output.

import Foundation
import Swiftlet

/// Prints updates as they come.
struct StreamPrinter {
  enum Style {
    /// One line that grows, the guess after it in faint type.
    case terminal
    /// A line with times for each committed piece.
    case lines
    case json
  }

  private let style: Style
  private var isBeginning = true
  /// Characters of the terminal's current row.
  private var column = 0

  init(_ style: Style) { self.style = style }

  mutating func print(_ update: StreamingUpdate) throws {
    let committed = update.committed.text
    switch style {
    case .terminal:
      // The cursor stays behind what is committed; the guess is cleared and written anew (DEC's save and restore). It ends with
      // the row: what scrolls could not be gone back to.
      let text = isBeginning ? String(committed.drop { $0 == " " }) : committed
      let width = Terminal.columns ?? 80
      column = (column + TextWidth.columns(of: text)) % width
      let guess = TextWidth.prefix(of: update.partial.text, columns: width - column - 1)
      try StandardOutput.write("\u{1B}[J\(text)\u{1B}7\u{1B}[2m\(guess)\u{1B}[0m\u{1B}8")
      isBeginning = isBeginning && committed.isEmpty
    case .lines:
      guard let first = update.committed.first, let last = update.committed.last else { return }
      try StandardOutput.print(
        SegmentPrinter.times(first.start, last.end) + committed.trimmingCharacters(in: .whitespaces))
    case .json:
      if !update.committed.isEmpty { try printJSON("committed", update.committed, update) }
      try printJSON("partial", update.partial, update)
    }
  }

  /// Makes room for a message where nothing is committed yet.
  func clearGuess() throws {
    if style == .terminal { try StandardOutput.write("\u{1B}[J") }
  }

  /// Ends the growing line.
  func finish() throws {
    if style == .terminal { try StandardOutput.write("\u{1B}[J\n") }
  }

  private func printJSON(_ type: String, _ words: [Word], _ update: StreamingUpdate) throws {
    try StandardOutput.print(
      json: UpdateLine(
        type: type, text: words.text, words: words, language: update.language,
        languageProbability: update.languageProbability, position: update.position, elapsed: update.elapsed))
  }
}

/// What `--json` prints for the words of one type.
private struct UpdateLine: Encodable {
  var type: String
  var text: String
  var words: [Word]
  /// Missing until it is known.
  var language: String?
  /// Only of a language that was detected.
  var languageProbability: Double?
  /// Seconds of sound that were heard.
  var position: Double
  /// Seconds that the step took.
  var elapsed: Double
}

extension [Word] {
  fileprivate var text: String { map(\.text).joined() }
}
