// Data sets made for a test, and gone with it.

import Foundation
import SwiftletTestSupport

/// A folder with files of given contents.
final class TemporaryDataset {
  private let temporary = TestFolder()
  var folder: URL { temporary.url }

  init(_ files: [String: String] = [:]) throws {
    for (name, contents) in files { try write(contents, to: name) }
  }

  var path: String { folder.path(percentEncoded: false) }

  func write(_ contents: String, to name: String) throws { try write(Data(contents.utf8), to: name) }

  func write(_ contents: Data, to name: String) throws {
    let file = url(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: file)
  }

  func url(_ name: String) -> URL { folder.appending(path: name) }

  func path(_ name: String) -> String { url(name).path(percentEncoded: false) }
}
