// Data sets made for a test, and gone with it.

import Foundation

/// A folder with files of given contents.
final class TemporaryDataset {
  let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-data-\(UUID().uuidString)")

  init(_ files: [String: String] = [:]) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, contents) in files { try write(contents, to: name) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

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
