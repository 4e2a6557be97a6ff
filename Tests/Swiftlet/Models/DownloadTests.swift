// Downloads from servers that behave and from servers that don't.

import Foundation
import Swiftlet
import Testing

@Suite struct DownloadTests {
  private let server: LocalServer

  init() async throws { server = try await LocalServer() }

  private func failures(of store: ModelStore, _ model: KnownModel) async -> [ModelError] {
    do throws(ModelError) {
      let url = try await store.fetch(model)
      Issue.record("fetched \(url.path)")
    } catch .allSourcesFailed(_, let failures) {
      return failures.map(\.error)
    } catch {
      Issue.record("\(error)")
    }
    return []
  }

  @Test func aFileArrivesWhole() async throws {
    let record = ProgressRecord()
    let (store, model) = server.store([try server.file("plain", 700_000)])
    let url = try await store.fetch(model, progress: record.handler)
    #expect(url.path == server.cache.path + "/models/test/model.bin", "a single file is given as a file")
    #expect(try Data(contentsOf: url) == LocalServer.body(700_000))
    #expect(record.steps.first == .trying(source: "source 0"))
    #expect(record.steps.last == .finished(url))
    #expect(record.steps.contains(.verifying(file: "model.bin")))
    #expect(record.bytes == record.bytes.sorted() && record.bytes.last == 700_000)
    #expect(!FileManager.default.fileExists(atPath: server.cache.path + "/partial/test"))
    // The second time nothing is asked of the server.
    #expect(try await store.fetch(model) == url)
    #expect(try await store.locate("test") == url)
    #expect(server.log.count == 1)
  }

  @Test func severalFilesMakeAFolder() async throws {
    let (store, model) = server.store([
      try server.file("plain", 10, "config.json"), try server.file("plain", 5000),
    ])
    let url = try await store.fetch(model)
    #expect(url.lastPathComponent == "test")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() == ["config.json", "model.bin"])
  }

  @Test func anEmptyFileIsAFileToo() async throws {
    let (store, model) = server.store([try server.file("plain", 0)])
    #expect(try Data(contentsOf: await store.fetch(model)).isEmpty)
  }

  @Test func connectionsThatBreakAreTakenUpAgain() async throws {
    let (store, model) = server.store([try server.file("early", 60_000)])
    let url = try await store.fetch(model)
    #expect(try Data(contentsOf: url) == LocalServer.body(60_000))
    #expect(
      server.log == [
        "/early/60000/model.bin -", "/early/60000/model.bin bytes=30000-",
        "/early/60000/model.bin bytes=45000-", "/early/60000/model.bin bytes=52500-",
        "/early/60000/model.bin bytes=56250-",
      ])
  }

  @Test func aServerThatSendsNothingIsGivenUp() async throws {
    let (store, model) = server.store([try server.file("always", 60_000)])
    let errors = await failures(of: store, model)
    #expect(errors.count == 1 && errors.allSatisfy(\.isConnectionTrouble))
    #expect(server.log.count == 1)
  }

  @Test func aServerThatStallsIsGivenUpAndItsBytesKept() async throws {
    let (store, model) = server.store([try server.file("stall", 60_000)], timeout: 1)
    let errors = await failures(of: store, model)
    #expect(errors.count == 1 && errors.allSatisfy(\.isConnectionTrouble))
    let kept = try Data(contentsOf: server.partial())
    #expect(kept == LocalServer.body(60_000).prefix(kept.count) && kept.count >= 30_000)
  }

  @Test func aPartialFileIsContinued() async throws {
    let (store, model) = server.store([try server.file("plain", 60_000)])
    try leavePartial(LocalServer.body(60_000).prefix(1234), validator: "\"one\"")
    let record = ProgressRecord()
    let url = try await store.fetch(model, progress: record.handler)
    #expect(try Data(contentsOf: url) == LocalServer.body(60_000))
    #expect(server.log == ["/plain/60000/model.bin bytes=1234-"])
  }

  @Test func aPartialFileOfAnotherVersionIsNotContinued() async throws {
    let (store, model) = server.store([try server.file("plain", 60_000)])
    try leavePartial(Data(repeating: 7, count: 1234), validator: "\"older\"")
    #expect(try Data(contentsOf: await store.fetch(model)) == LocalServer.body(60_000))
  }

  @Test func aPartialFileWithoutValidatorIsNotContinued() async throws {
    let (store, model) = server.store([try server.file("plain", 60_000)])
    try leavePartial(Data(repeating: 7, count: 1234), validator: "")
    #expect(try Data(contentsOf: await store.fetch(model)) == LocalServer.body(60_000))
    #expect(server.log == ["/plain/60000/model.bin -"])
  }

  @Test(arguments: ["norange", "changed", "unsatisfiable"])
  func aServerThatWillNotContinueIsAskedForAll(mode: String) async throws {
    let (store, model) = server.store([try server.file(mode, 60_000)])
    // Longer than the file, so that what is not thrown away shows.
    if mode == "norange" { try leavePartial(Data(repeating: 7, count: 80_000), validator: "\"one\"") }
    #expect(try Data(contentsOf: await store.fetch(model)) == LocalServer.body(60_000))
  }

  @Test func aPartialFileLongerThanTheFileIsThrownAway() async throws {
    let (store, model) = server.store([try server.file("plain", 600)])
    try leavePartial(Data(repeating: 7, count: 1234), validator: "\"one\"")
    #expect(try Data(contentsOf: await store.fetch(model)) == LocalServer.body(600))
  }

  @Test func theWrongPartIsRefused() async throws {
    let (store, model) = server.store([try server.file("wrongrange", 60_000)])
    let errors = await failures(of: store, model)
    #expect(errors.count == 1 && errors.allSatisfy(\.isConnectionTrouble))
  }

  @Test func aServerThatRedirectsForEverIsGivenUp() async throws {
    let (store, model) = server.store([try server.file("loop", 10)])
    let errors = await failures(of: store, model)
    #expect(errors.count == 1 && errors.allSatisfy(\.isConnectionTrouble))
    #expect(errors.first?.description.hasSuffix("the server redirects more than 20 times.") == true)
    #expect(server.log.count == 21)
  }

  @Test(arguments: ["garbage", "badlength"])
  func whatIsNoHTTPIsRefused(mode: String) async throws {
    let (store, model) = server.store([try server.file(mode, 3000)])
    let errors = await failures(of: store, model)
    #expect(errors.count == 1 && errors.allSatisfy(\.isConnectionTrouble))
    #expect(!FileManager.default.fileExists(atPath: server.partial().path))
  }

  @Test func aBodyWithoutLengthThatEndsEarlyIsRefused() async throws {
    let file = try server.file("nolength", 3000)
    let (store, model) = server.store([file])
    let found = LocalServer.digest(LocalServer.body(3000).prefix(1500))
    #expect(
      await failures(of: store, model) == [
        .digestMismatch(
          file: file.url.absoluteString, expected: LocalServer.digest(LocalServer.body(3000)), found: found)
      ])
    #expect(!FileManager.default.fileExists(atPath: server.partial().path))
  }

  @Test func addressesThatAreNoWebPagesAreRefused() async throws {
    let (store, model) = server.store([
      RemoteFile(url: URL(filePath: "/etc/hostname"), name: "model.bin", digest: .toldByHub)
    ])
    let errors = await failures(of: store, model)
    #expect(errors.first?.description == "file:///etc/hostname: this is no http or https address.")
  }

  @Test(arguments: [404, 500, 403])
  func errorsOfTheServerAreTold(status: Int) async throws {
    let file = try server.file("\(status)", 10)
    let (store, model) = server.store([file])
    #expect(await failures(of: store, model) == [.httpStatus(status, url: file.url.absoluteString)])
    #expect(
      !FileManager.default.fileExists(atPath: server.cache.path + "/partial/test"),
      "the error page is not kept")
  }

  @Test func aWrongDigestLeadsToTheNextSource() async throws {
    let zeros = String(repeating: "0", count: 64)
    let bad = try server.file("plain", 3000, digest: .sha256(zeros))
    let missing = try server.file("404", 3000)
    let good = try server.file("plain", 3000, "other.bin")
    let (store, model) = server.store([bad], [missing], [good])
    let record = ProgressRecord()
    let url = try await store.fetch(model, progress: record.handler)
    #expect(url.lastPathComponent == "other.bin")
    let failed = record.steps.compactMap { step -> String? in
      if case .failed(_, let reason) = step { reason } else { nil }
    }
    let expected: [ModelError] = [
      .digestMismatch(
        file: bad.url.absoluteString, expected: zeros, found: LocalServer.digest(LocalServer.body(3000))),
      .httpStatus(404, url: missing.url.absoluteString),
    ]
    #expect(failed == expected.map(\.description))
  }

  @Test func aWrongDigestLeavesNothingBehind() async throws {
    let (store, model) = server.store([
      try server.file("plain", 3000, digest: .sha256(String(repeating: "0", count: 64)))
    ])
    #expect(await failures(of: store, model).count == 1)
    #expect(!FileManager.default.fileExists(atPath: server.partial().path))
    #expect(store.cached(model) == nil)
  }

  @Test func hostsThatAreNotThereFailAtOnce() async throws {
    let name = try #require(URL(string: "http://no-such-host.invalid/model.bin"))
    let refused = try #require(URL(string: "http://127.0.0.1:9/model.bin"))
    let (store, model) = server.store(
      [RemoteFile(url: name, name: "model.bin", digest: .toldByHub)],
      [RemoteFile(url: refused, name: "model.bin", digest: .toldByHub)])
    let errors = await failures(of: store, model)
    #expect(errors.count == 2 && errors.allSatisfy(\.isConnectionTrouble))
    #expect(errors.first?.description.contains("no-such-host.invalid") == true)
  }

  @Test func theHubTellsDigests() async throws {
    let (store, model) = server.store([
      try server.file("blob", 300, "config.json", digest: .toldByHub),
      try server.file("hub", 5000, digest: .toldByHub),
    ])
    let url = try await store.fetch(model)
    #expect(try Data(contentsOf: url.appending(path: "model.bin")) == LocalServer.body(5000))
  }

  @Test func whatTheHubTellsIsChecked() async throws {
    let wrong = try server.file("hubbad", 5000, digest: .toldByHub)
    let silent = try server.file("plain", 5000, digest: .toldByHub)
    let (store, model) = server.store([wrong], [silent])
    let errors = await failures(of: store, model)
    #expect(
      errors == [
        .digestMismatch(
          file: wrong.url.absoluteString, expected: String(repeating: "0", count: 64),
          found: LocalServer.digest(LocalServer.body(5000))),
        .noDigest(url: silent.url.absoluteString),
      ])
  }

  @Test func cancellingKeepsWhatHasArrived() async throws {
    let (store, model) = server.store([try server.file("slow", 2_000_000)], [try server.file("plain", 10)])
    let pull = Task { try await store.fetch(model) }
    while !FileManager.default.fileExists(atPath: server.partial().path) {
      try await Task.sleep(for: .milliseconds(10))
    }
    try await Task.sleep(for: .milliseconds(300))
    pull.cancel()
    await #expect(throws: ModelError.cancelled(model: "test")) { try await pull.value }
    #expect(store.cached(model) == nil)
    let kept = try Data(contentsOf: server.partial())
    #expect(kept == LocalServer.body(2_000_000).prefix(kept.count))
    #expect(server.log.count == 1, "the second source was not tried")
  }

  @Test func twoPullsAtOnceFetchOnce() async throws {
    let (store, model) = server.store([try server.file("slow", 40_000)])
    let records = [ProgressRecord(), ProgressRecord()]
    let urls = try await withThrowingTaskGroup(of: URL.self) { group in
      for record in records { group.addTask { try await store.fetch(model, progress: record.handler) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(urls.count == 2 && urls[0] == urls[1])
    #expect(server.log.count == 1)
    #expect(records.count { $0.steps.first == .waiting(model: "test") } == 1)
  }

  @Test func aFullDiskIsToldAndEndsThePull() async throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let (store, model) = server.store([try server.file("plain", 3000)], [try server.file("plain", 10)])
    try leavePartial(Data(), validator: "")
    try FileManager.default.removeItem(at: server.partial())
    try FileManager.default.createSymbolicLink(
      atPath: server.partial().path, withDestinationPath: "/dev/full")
    let error = await #expect(throws: ModelError.self) { try await store.fetch(model) }
    guard case .cannotWrite(let path, "No space left on device") = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(path == server.partial().path)
    #expect(
      try FileManager.default.subpathsOfDirectory(atPath: server.cache.path).filter {
        $0.contains("model.bin")
      }.isEmpty)
  }

  private func leavePartial(_ data: Data, validator: String) throws {
    let folder = server.partial().deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try data.write(to: server.partial())
    try validator.write(
      to: server.partial().appendingPathExtension("etag"), atomically: true, encoding: .utf8)
  }
}

extension ModelError {
  fileprivate var isConnectionTrouble: Bool {
    switch self {
    case .connection, .truncated: true
    default: false
    }
  }
}
