// Words on standard output as they are said.

import Foundation
import Swiftlet

/// Writes what is certain line after line.
struct Captions {
  private let width = 60
  private var column = 0

  mutating func show(_ update: StreamingUpdate) {
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
  }

  func finish() { write("\n") }

  private func write(_ text: String) {
    // Unlike print, this is not buffered when standard output is a pipe.
    FileHandle.standardOutput.write(Data(text.utf8))
  }
}
