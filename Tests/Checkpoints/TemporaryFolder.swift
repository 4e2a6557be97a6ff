// A folder that lives as long as the test that made it.

import Foundation

/// A new, empty folder; removed with everything in it when the last reference goes.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "swiftlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a file into the folder and gives its place.
  func write(_ content: some DataProtocol, as name: String) throws -> URL {
    let file = url.appending(path: name)
    try Data(content).write(to: file)
    return file
  }
}
