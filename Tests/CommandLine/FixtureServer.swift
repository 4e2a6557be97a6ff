// Servers of Tests/Fixtures/models, for a test of the tool.

import Foundation
import SwiftletTestSupport

/// A Python program that listens on this machine, and ends with the object.
final class FixtureServer: Sendable {
  let port: Int
  private let folder: URL
  private let process: Process

  init(_ script: String, _ arguments: [String] = []) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-server-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let portFile = folder.appending(path: "port")
    process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", Fixtures.url("models/\(script)").path, portFile.path, folder.appending(path: "log").path]
      + arguments
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

  deinit {
    process.terminate()
    try? FileManager.default.removeItem(at: folder)
  }

  /// The requests so far.
  var log: [String] {
    let text = try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
    return (text ?? "").split(separator: "\n").map(String.init)
  }
}
