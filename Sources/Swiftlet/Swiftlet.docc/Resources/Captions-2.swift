// Words on standard output as they are said.

import Foundation
import Swiftlet

/// Writes committed words line by line and, on a terminal, the guess at what follows in faint type.
struct Captions {
  private let width = 60
  private let isTerminal = isatty(STDOUT_FILENO) == 1
  private var column = 0

  mutating func show(_ update: StreamingUpdate) {
    if isTerminal { write(Self.eraseRest) }
    for word in update.committed {
      if column > 0, column + word.text.count > width {
        write("\n")
        column = 0
      }
      // Each word includes the space before it.
      let text = column == 0 ? word.text.trimmingCharacters(in: .whitespaces) : word.text
      write(text)
      column += text.count
    }
    if isTerminal { writeGuess(update.partial.map(\.text).joined()) }
  }

  func finish() { write("\n") }

  /// Leaves the cursor where it is, so that the next words are written over the guess.
  private func writeGuess(_ text: String) {
    let guess = text.prefix(max(0, width - column))
    guard !guess.isEmpty else { return }
    write("\u{1B}[2m\(guess)\u{1B}[0m\u{1B}[\(guess.count)D")
  }

  private static let eraseRest = "\u{1B}[K"

  private func write(_ text: String) {
    // Unlike print, this is not buffered when standard output is a pipe.
    FileHandle.standardOutput.write(Data(text.utf8))
  }
}
