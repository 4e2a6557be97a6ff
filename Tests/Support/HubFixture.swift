// A Hugging Face hub on this machine, with repositories that tests make.

package import Foundation

/// Runs Tests/Fixtures/models/hub.py, which ends with this object, as its files do.
package final class HubFixture: Sendable {
  private let server: FixtureServer

  /// - Parameter arguments: a certificate and its key, for TLS.
  package init(_ arguments: [String] = []) async throws {
    server = try await FixtureServer("hub.py", arguments, subfolders: ["hub"])
  }

  package var port: Int { server.port }

  package var endpoint: String { "http://127.0.0.1:\(port)" }

  /// The requests so far: host (`hub` or `other`), path, range and token.
  package var log: [String] { server.log }

  /// A commit's hash, told by its number.
  package static func commit(_ number: Int) -> String { String(repeating: "\(number % 10)", count: 40) }

  /// Makes a commit, on which `main` and `tags` stand from now on.
  ///
  /// - Parameters:
  ///   - files: by name.
  ///   - settings: further ones of the repository; see hub.py.
  package func push(
    _ repository: String, commit number: Int = 1, tags: [String] = [], files: [String: Data],
    settings: [String: Any] = [:]
  ) throws {
    let folder = server.folder.appending(path: "hub/\(repository)")
    let commit = Self.commit(number)
    let snapshot = folder.appending(path: commit)
    try FileManager.default.createDirectory(at: snapshot, withIntermediateDirectories: true)
    for (name, data) in files { try data.write(to: snapshot.appending(path: name)) }
    let file = folder.appending(path: "repository.json")
    let before = (try? JSONSerialization.jsonObject(with: Data(contentsOf: file))) as? [String: Any] ?? [:]
    var revisions = before["revisions"] as? [String: String] ?? [:]
    for name in ["main"] + tags { revisions[name] = commit }
    let all = before.merging(settings) { $1 }.merging(["revisions": revisions]) { $1 }
    try JSONSerialization.data(withJSONObject: all).write(to: file, options: .atomic)
  }

  /// Makes a commit of the files of a folder below Tests/Fixtures, and some more.
  package func push(
    _ repository: String, commit: Int = 1, tags: [String] = [], fixture: String,
    adding: [String: String] = [:],
    settings: [String: Any] = [:]
  ) throws {
    let folder = Fixtures.url(fixture)
    var files: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      files[name] = try Data(contentsOf: folder.appending(path: name))
    }
    for (name, text) in adding { files[name] = Data(text.utf8) }
    try push(repository, commit: commit, tags: tags, files: files, settings: settings)
  }

  /// What goes wrong with files, by their names; see hub.py.
  package func setFaults(_ faults: [String: String]) throws {
    try JSONSerialization.data(withJSONObject: faults)
      .write(to: server.folder.appending(path: "hub/faults.json"), options: .atomic)
  }
}
