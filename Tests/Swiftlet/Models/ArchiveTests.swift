// Archives that are fetched and unpacked, from a server that behaves and one that doesn't.

import Crypto
import Foundation
import Swiftlet
import Testing

@Suite struct ArchiveTests {
  private let server: LocalServer
  private let folder: URL

  /// Serves `set.tar.gz`: `Corpus/README` and `Corpus/part/` with a text and a large file.
  init() async throws {
    server = try await LocalServer()
    folder = server.scratch.appending(path: "data")
    let (corpus, served) = (
      server.scratch.appending(path: "Corpus/part"), server.scratch.appending(path: "served")
    )
    for folder in [corpus, served] {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    try Data("read me".utf8).write(to: corpus.deletingLastPathComponent().appending(path: "README"))
    try Data("a word\n".utf8).write(to: corpus.appending(path: "1-2.trans.txt"))
    // Noise, so that the archive is large enough to be cut.
    var generator = SystemRandomNumberGenerator()
    let noise = Data((0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
    try noise.write(to: corpus.appending(path: "noise"))
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = [
      "tar", "-czf", served.appending(path: "set.tar.gz").path, "-C", server.scratch.path, "Corpus",
    ]
    try tar.run()
    tar.waitUntilExit()
  }

  private var archive: Data {
    get throws { try Data(contentsOf: server.scratch.appending(path: "served/set.tar.gz")) }
  }

  private func fetch(
    _ mode: String = "plain", md5: String? = nil, contents: String = "Corpus/part"
  ) throws -> ArchiveFetch {
    let digest = try md5 ?? Insecure.MD5.hash(data: archive).map { String(format: "%02x", $0) }.joined()
    let file = RemoteFile(
      url: try server.address(mode, of: "set.tar.gz"), name: "set.tar.gz", digest: .md5(digest))
    var fetch = ArchiveFetch(file, into: folder, contents: contents)
    fetch.timeout = 5
    return fetch
  }

  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func anArchiveArrivesAndIsUnpacked() async throws {
    let record = ProgressRecord()
    let part = try await fetch().run(progress: record.handler)
    #expect(part.path == folder.path + "/Corpus/part")
    #expect(try names(part) == ["1-2.trans.txt", "noise"])
    #expect(try names(folder) == ["Corpus"], "nothing else is left")
    #expect(try names(folder.appending(path: "Corpus")) == ["README", "part"])
    #expect(record.steps.contains(.verifying(file: "set.tar.gz")))
    #expect(record.steps.contains(.unpacking(file: "set.tar.gz")))
    #expect(record.steps.last == .finished(part))
    // The second time nothing is asked of the server.
    #expect(try await fetch().run { _ in } == part)
    #expect(server.log.count == 1)
  }

  @Test func aDownloadThatBrokeOffGoesOn() async throws {
    let part = try await fetch("early").run { _ in }
    #expect(try names(part) == ["1-2.trans.txt", "noise"])
    #expect(server.log.count > 2)
    #expect(server.log.dropFirst().allSatisfy { $0.contains("bytes=") && !$0.hasSuffix("bytes=0-") })
  }

  @Test func aPartOfTheSameCorpusKeepsWhatIsThere() async throws {
    let corpus = folder.appending(path: "Corpus")
    try FileManager.default.createDirectory(
      at: corpus.appending(path: "other"), withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: corpus.appending(path: "README"))
    _ = try await fetch().run { _ in }
    #expect(try names(corpus) == ["README", "other", "part"])
    #expect(try Data(contentsOf: corpus.appending(path: "README")) == Data("mine".utf8))
  }

  @Test func anArchivePutThereByHandIsCheckedAndUsed() async throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let fetch = try fetch()
    try archive.write(to: fetch.archive)
    #expect(try names(try await fetch.run { _ in }).count == 2)
    #expect(server.log.isEmpty)
    #expect(try names(folder) == ["Corpus", "set.tar.gz"])
  }

  @Test func anotherFilePutThereByHandIsRefusedAndLeftAlone() async throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let fetch = try fetch()
    try Data("an error page".utf8).write(to: fetch.archive)
    let error = await #expect(throws: ModelError.self) { try await fetch.run { _ in } }
    #expect(error?.description.contains("is not the file that is expected") == true)
    #expect(FileManager.default.fileExists(atPath: fetch.archive.path))
  }

  @Test func whatArrivesDamagedIsDeleted() async throws {
    let error = await #expect(throws: ModelError.self) {
      try await fetch(md5: String(repeating: "0", count: 32)).run { _ in }
    }
    #expect(error?.description.contains("but should be 000") == true)
    // The next attempt begins anew and comes to its end.
    #expect(try names(try await fetch().run { _ in }).count == 2)
  }

  @Test func anArchiveWithoutThePartIsToldAndNothingAppears() async throws {
    await #expect(throws: ModelError.missingFile("Corpus/absent", package: "set.tar.gz")) {
      try await fetch(contents: "Corpus/absent").run { _ in }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "Corpus").path))
  }

  @Test func errorsOfTheServerAreTold() async throws {
    let fetch = try fetch("404")
    await #expect(throws: ModelError.httpStatus(404, url: fetch.file.url.absoluteString)) {
      try await fetch.run { _ in }
    }
  }
}
