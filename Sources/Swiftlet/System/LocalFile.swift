// Files of this machine as programs name them, whatever bytes their names consist of.

package import Foundation
import SwiftletFiles

/// A file or folder by its path, which is text that stands for any bytes: ``AudioInput/file(path:)`` and ``OutputFolder`` take
/// and give such paths. A byte that is no part of UTF-8 is a private scalar in it.
package struct LocalFile: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  /// By the name as the system has it.
  package init(pathBytes: some Sequence<UInt8>) { path = String(pathBytes: pathBytes) }

  /// The name as the system has it.
  package var pathBytes: [UInt8] { path.pathBytes }
  /// Whether the name is valid UTF-8, so that the path is what others call it, too.
  package var isNamedInUTF8: Bool { path.isPathText }
  /// The path for messages: what a terminal would obey, and what is not text, is written as `\xE9`, `\n` or `\t`.
  package var displayedPath: String { path.displayedPath }
  /// What follows the last slash.
  package var name: String { path.lastPathComponent }
  /// What the path leads into, `.` for a name alone.
  package var folder: LocalFile { LocalFile(path.parentFolder) }
  /// A path below this folder.
  package func appending(_ name: String) -> LocalFile { LocalFile(path.appendingPath(name)) }
  /// The one path of what lies here, without links; nil if there is nothing.
  package var resolved: LocalFile? { SystemFiles.resolved(path).map(LocalFile.init) }
  package var isWritable: Bool { SystemFiles.isWritable(path) }

  /// Everything in the file, or in what comes through a pipe; standard input for the path `-`.
  ///
  /// - Throws: an error whose description is the system's words.
  package func contents() throws -> [UInt8] {
    path == "-" ? try SystemFiles.contents(of: STDIN_FILENO) : try SystemFiles.contents(of: path)
  }

  /// Writes into what is here, be it a pipe or a device, or into a new file.
  ///
  /// - Throws: an error whose description is the system's words.
  package func write(_ data: Data) throws { try SystemFiles.write(Array(data), into: path) }

  /// Removes the file, if there is one.
  package func remove() { SystemFiles.remove(path) }

  /// The reason in an error of Foundation's functions on files and processes, in the system's words and without a full stop.
  package static func reason(of error: any Error) -> String { fileErrorReason(error) }
}

extension LocalFile: Hashable {
  /// By the bytes: strings are equal, too, where accents are written in two ways, and those are two files.
  package static func == (one: LocalFile, other: LocalFile) -> Bool { one.pathBytes == other.pathBytes }
  package func hash(into hasher: inout Hasher) { hasher.combine(pathBytes) }
}
