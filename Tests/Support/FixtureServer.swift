// Servers of Tests/Fixtures/models.

package import Foundation

/// A Python program that listens on this machine, and ends with the object.
package final class FixtureServer: Sendable {
  package let port: Int
  private let temporary = TestFolder()
  /// Where it keeps its files; removed with the object.
  package var folder: URL { temporary.url }
  private let process: Process

  /// - Parameters:
  ///   - script: in Tests/Fixtures/models.
  ///   - arguments: after the files for the port and the requests.
  ///   - subfolders: made in ``folder`` before it starts.
  package init(_ script: String, _ arguments: [String] = [], subfolders: [String] = []) async throws {
    let folder = temporary.url
    for path in subfolders {
      try FileManager.default.createDirectory(
        at: folder.appending(path: path), withIntermediateDirectories: true)
    }
    let portFile = folder.appending(path: "port")
    process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", Fixtures.url("models/\(script)").path, portFile.path, folder.appending(path: "log").path]
      + arguments
    // The server ends when this pipe does, even if the tests crash.
    process.standardInput = Pipe()
    process.standardError = FileHandle.nullDevice
    try process.run()
    var written: Int?
    for _ in 0..<500 where written == nil {
      try await Task.sleep(for: .milliseconds(20))
      written = (try? String(contentsOf: portFile, encoding: .utf8)).flatMap { Int($0) }
    }
    guard let written else { throw CocoaError(.fileNoSuchFile) }
    port = written
  }

  deinit { process.terminate() }

  /// The requests so far.
  package var log: [String] {
    let text = try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
    return (text ?? "").split(separator: "\n").map(String.init)
  }
}
