// Runs Tests/Fixtures/models/server.py for a test.

import Crypto
import Foundation
import Swiftlet
import SwiftletTestSupport

/// A server on this machine and a cache folder, both of which go with the object.
final class LocalServer: Sendable {
  private let temporary = TestFolder()
  var scratch: URL { temporary.url }
  private let port: String
  private let process: Process

  init() async throws {
    let scratch = temporary.url
    let portFile = scratch.appending(path: "port")
    process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", Fixtures.url("models/server.py").path, portFile.path, scratch.appending(path: "log").path,
    ]
    // The server ends when this pipe does, even if the tests crash.
    process.standardInput = Pipe()
    try process.run()
    var written: String?
    for _ in 0..<500 where written == nil {
      try await Task.sleep(for: .milliseconds(20))
      written = try? String(contentsOf: portFile, encoding: .utf8)
    }
    guard let written else { throw CocoaError(.fileNoSuchFile) }
    port = written
  }

  deinit { process.terminate() }

  /// The requests so far, each an address and a range.
  var log: [String] {
    let text = try? String(contentsOf: scratch.appending(path: "log"), encoding: .utf8)
    return (text ?? "").split(separator: "\n").map(String.init)
  }

  func file(_ mode: String, _ size: Int, _ name: String = "model.bin", digest: ExpectedDigest? = nil) throws
    -> RemoteFile
  {
    guard let url = URL(string: "http://127.0.0.1:\(port)/\(mode)/\(size)/\(name)") else {
      throw CocoaError(.fileNoSuchFile)
    }
    return RemoteFile(url: url, name: name, digest: digest ?? .sha256(Self.digest(Self.body(size))))
  }

  /// An address of the file `name` in the folder `served` of ``scratch``.
  func address(_ mode: String, of name: String) throws -> URL {
    guard let url = URL(string: "http://127.0.0.1:\(port)/\(mode)/file/\(name)") else {
      throw CocoaError(.fileNoSuchFile)
    }
    return url
  }

  /// A store whose only model, `test`, has these sources.
  func store(_ sources: [RemoteFile]..., timeout: TimeInterval = 10) -> (ModelStore, KnownModel) {
    let named = sources.enumerated().map { ModelSource(name: "source \($0)", contents: .files($1)) }
    let model = KnownModel(name: "test", sources: named)
    var store = ModelStore(folder: cache, models: [model])
    store.timeout = timeout
    return (store, model)
  }

  var cache: URL { scratch.appending(path: "cache") }

  /// Where an unfinished download of the first source lies.
  func partial(_ name: String = "model.bin") -> URL {
    cache.appending(path: "partial/test/source-0/\(name).partial")
  }

  /// What the server sends.
  static func body(_ size: Int) -> Data {
    Data(
      (0..<size).map { i in
        let i = i & 0xFFFF
        return UInt8(truncatingIfNeeded: i * 31 + (i >> 8) * 17)
      })
  }

  static func digest(_ data: Data) -> String {
    SHA256.hash(data: data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
