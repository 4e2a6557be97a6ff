// The temporary folders and files of tests.

package import Foundation
import SwiftletFiles

/// A new, empty folder, removed with everything in it when the last reference goes.
///
/// A suite keeps one in a property, a test in a constant. All lie in one folder of the process, which goes when the process
/// ends, so that what nobody removed goes, too.
package final class TestFolder: Sendable {
  package let url: URL

  package init() {
    url = Self.place("folder")
    Self.make(url)
  }

  deinit { removeTree(path) }

  /// A path for a file or folder that isn't there yet. Who makes it removes it, or leaves that to the process's end.
  package static func place(_ name: String) -> URL { all.appending(path: "\(UUID().uuidString)-\(name)") }

  private static let all: URL = {
    let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appending(path: "swiftlet-tests-\(ProcessInfo.processInfo.processIdentifier)")
    make(folder)
    atexit { removeTree(TestFolder.all.path) }
    return folder
  }()

  private static func make(_ folder: URL) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      fatalError("\(folder.path) cannot be made: \(error)")
    }
  }

  /// The folder's path, without a slash at its end.
  package var path: String { url.path }

  /// Where a file or folder called `name` lies, or would lie.
  package func url(_ name: String) -> URL { url.appending(path: name) }

  /// Writes a file, and the folders above it, and gives its place.
  @discardableResult
  package func write(_ content: some DataProtocol, as name: String) throws -> URL {
    let file = url(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content).write(to: file)
    return file
  }

  /// What lies in the folder, in order.
  package var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// Removes a folder, which Foundation can't where names in it are not text.
private func removeTree(_ path: String) {
  for name in (try? SystemFiles.names(in: path)) ?? [] {
    let inside = path.appendingPath(name)
    if SystemFiles.kind(of: inside) == .folder, !SystemFiles.isLink(inside) {
      removeTree(inside)
    } else {
      SystemFiles.remove(inside)
    }
  }
  _ = path.withSystemPath { rmdir($0) }
}
