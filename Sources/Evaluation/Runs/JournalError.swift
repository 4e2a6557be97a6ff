// Why a journal can't be used.

import SwiftletFiles

/// What can be wrong with the file that a run could go on from.
package enum JournalError: Error, Hashable, Sendable {
  case notAJournal(file: String)
  case otherRun(file: String, found: String)
  case malformedLine(file: String, line: Int)
  case cannotRead(file: String, reason: String)
  case cannotWrite(file: String, reason: String)
}

extension JournalError {
  /// Whether the disk is to blame, and not the file that was given.
  package var isAboutWriting: Bool {
    if case .cannotWrite = self { true } else { false }
  }
}

extension JournalError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAJournal(let file):
      "\(file.displayedPath) already exists and contains no results of `swiftlet evaluate`; give another file."
    case .otherRun(let file, let found):
      "\(file.displayedPath) contains results of another run: \(found). Give the same data sets, models and options to "
        + "resume it, or another file to start over."
    case .malformedLine(let file, let line):
      "\(file.displayedPath):\(line) is not a result. Delete that line, or give another file."
    case .cannotRead(let file, let reason): "\(file.displayedPath) cannot be read: \(reason)."
    case .cannotWrite(let file, let reason):
      "\(file.displayedPath) cannot be written: \(reason). Its earlier contents are kept."
    }
  }
}
