// Models from repositories of the Hugging Face hub, played by a server on this machine.

import Foundation
import SwiftletCheckpoints
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite final class HubTests {
  private let hub: HubFixture
  private let temporary = TestFolder()
  private var scratch: URL { temporary.url }

  init() async throws {
    hub = try await HubFixture()
  }

  private var cache: URL { scratch.appending(path: "cache") }

  /// - Parameter environment: nothing of the user's is looked at.
  private func store(_ environment: [String: String] = [:]) -> ModelStore {
    var store = ModelStore(folder: cache)
    store.environment = ["HF_ENDPOINT": hub.endpoint, "HOME": scratch.path].merging(environment) { $1 }
    return store
  }

  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func failure(_ name: String, _ environment: [String: String] = [:]) async -> ModelError? {
    await #expect(throws: ModelError.self) { try await self.store(environment).locate(name) }
  }

  private func setLastCheck(_ folder: URL, hoursAgo: Double) throws {
    HubManifest.noteCheck(in: folder, at: Date(timeIntervalSinceNow: -hoursAgo * 3_600))
  }

  // MARK: Formats

  /// Only what is needed is fetched, the small files first.
  @Test(arguments: [
    ("hf-f32", ["config.json", "tokenizer.json", "generation_config.json", "model.safetensors"]),
    (
      "hf-sharded",
      ["config.json", "tokenizer.json", "generation_config.json", "model.safetensors.index.json"]
        + (1...3).map { "model-0000\($0)-of-00003.safetensors" }
    ),
    ("hf-bin", ["config.json", "tokenizer.json", "generation_config.json", "pytorch_model.bin"]),
    (
      "hf-bin-sharded",
      ["config.json", "tokenizer.json", "generation_config.json", "pytorch_model.bin.index.json"]
        + (1...2).map { "pytorch_model-0000\($0)-of-00002.bin" }
    ),
    ("ctranslate2-int16", ["config.json", "tokenizer.json", "generation_config.json", "model.bin"]),
  ])
  func everyFormatArrives(fixture: String, files: [String]) async throws {
    try hub.push(
      "someone/model", fixture: "checkpoints/\(fixture)",
      adding: [
        "config.json": try String(
          contentsOf: Fixtures.url("checkpoints/hf-f32/config.json"), encoding: .utf8),
        "tokenizer.json": "{}", "vocab.json": "{}", "generation_config.json": "{}", "README.md": "#",
        "flax_model.msgpack": "x", "preprocessor_config.json": "{}", "model.fp32.safetensors": "x",
      ])
    let url = try await store().resolve("someone/model")
    #expect(url.path == cache.path + "/models/someone--model")
    #expect(try names(url) == (files + ["repository.json"]).sorted())
    #expect(try openCheckpoint(at: url).dimensions.audioLayers == 2)
    let commit = HubFixture.commit(1)
    let asked = hub.log.filter { $0.hasPrefix("hub ") }
    #expect(asked.first == "hub /api/models/someone/model/revision/main?blobs=true - -")
    #expect(asked.dropFirst() == files.map { "hub /someone/model/resolve/\(commit)/\($0) - -" }[...])
    #expect(store().cached(try #require(store().model(named: "someone/model"))) == url)
    #expect(HubManifest(in: url)?.commit == commit)
    #expect(
      try names(cache.appending(path: "partial")).isEmpty && names(cache.appending(path: "locks")).isEmpty)
  }

  @Test func aTokenizerInThreeFilesArrivesWholeOrNotAtAll() async throws {
    let files = ["vocab.json": "{}", "merges.txt": "", "added_tokens.json": "{}"]
    try hub.push("a/whole", fixture: "checkpoints/hf-f16", adding: files)
    try hub.push("a/half", fixture: "checkpoints/hf-f16", adding: files.filter { $0.key != "merges.txt" })
    #expect(try await names(store().resolve("a/whole")).count == 6)
    #expect(
      try await names(store().resolve("a/half")) == ["config.json", "model.safetensors", "repository.json"])
  }

  /// Some mirrors list files without sizes and digests; the answers for the files themselves have them.
  @Test func aHubThatListsNamesAloneWillDo() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16", settings: ["plain": true])
    let url = try await store().resolve("a/b")
    #expect(try openCheckpoint(at: url).kind == .safetensors)
    try hub.push("a/b", commit: 2, fixture: "checkpoints/hf-bf16")
    let model = try #require(store().model(named: "a/b"))
    #expect(HubManifest(in: try await store().pull(model))?.commit == HubFixture.commit(2))
  }

  // MARK: Revisions

  @Test func revisionsAreModelsOfTheirOwn() async throws {
    try hub.push("a/b", commit: 1, tags: ["v1", "feature/x"], fixture: "checkpoints/hf-f16")
    try hub.push("a/b", commit: 2, fixture: "checkpoints/hf-bf16")
    let first = try await store().resolve("a/b@v1")
    let second = try await store().resolve("a/b")
    let third = try await store().resolve("a/b@\(HubFixture.commit(1))")
    let branch = try await store().resolve("a/b@feature/x")
    #expect(
      [first, second, third, branch].map(\.lastPathComponent) == [
        "a--b@v1", "a--b", "a--b@\(HubFixture.commit(1))", "a--b@feature%2Fx",
      ])
    #expect(try await store().resolve("a/b@main") == second)
    #expect(try await store().resolve("https://huggingface.co/a/b") == second)
    let types = try [first, second, third, branch].map { try openCheckpoint(at: $0).tensors[0].storedType }
    #expect(types == [.float16, .bfloat16, .float16, .float16])
    #expect(hub.log.contains("hub /api/models/a/b/revision/feature%2Fx?blobs=true - -"))
    // The second time, and under another name, what is there is linked.
    #expect(hub.log.count { $0.hasPrefix("other ") } == 2)
    #expect(
      ModelCache(folder: cache).items().map(\.name) == [
        "a/b", "a/b@\(HubFixture.commit(1))", "a/b@feature/x", "a/b@v1",
      ])
  }

  @Test func aCommitIsNeverLookedUpAgain() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16")
    let name = "a/b@\(HubFixture.commit(1))"
    let url = try await store().resolve(name)
    try setLastCheck(url, hoursAgo: 1_000)
    let count = hub.log.count
    #expect(try await store().resolve(name) == url)
    #expect(try await store().pull(try #require(store().model(named: name))) == url)
    #expect(hub.log.count == count)
  }

  @Test func aBranchIsLookedUpOnceADay() async throws {
    try hub.push("a/b", commit: 1, fixture: "checkpoints/hf-f16")
    let url = try await store().resolve("a/b")
    try hub.push("a/b", commit: 2, fixture: "checkpoints/hf-bf16")
    var count = hub.log.count
    #expect(try await store().resolve("a/b") == url)
    #expect(hub.log.count == count, "it was looked up a moment ago")
    try setLastCheck(url, hoursAgo: 25)
    #expect(try await store().resolve("a/b") == url)
    #expect(HubManifest(in: url)?.commit == HubFixture.commit(2))
    #expect(try openCheckpoint(at: url).tensors[0].storedType == .bfloat16)
    #expect(try names(cache.appending(path: "models")) == ["a--b"])
    count = hub.log.count
    #expect(try await store().resolve("a/b") == url)
    #expect(hub.log.count == count)
  }

  /// A commit that changes the README alone must not lead to new engines.
  @Test func aCommitWithTheSameFilesChangesNothing() async throws {
    try hub.push("a/b", commit: 1, fixture: "checkpoints/hf-f16")
    let url = try await store().resolve("a/b")
    let weights = url.appending(path: "model.safetensors")
    func changed() throws -> Date? {
      try weights.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    }
    let before = try changed()
    try hub.push("a/b", commit: 2, fixture: "checkpoints/hf-f16", adding: ["README.md": "#"])
    _ = try await store().pull(try #require(store().model(named: "a/b")))
    #expect(try changed() == before)
    #expect(HubManifest(in: url)?.commit == HubFixture.commit(2))
    #expect(hub.log.count { $0.hasPrefix("other ") } == 1)
    // New heads for word times concern engines, though the weights are the same.
    try hub.push(
      "a/b", commit: 3, fixture: "checkpoints/hf-f16", adding: ["generation_config.json": "{}"])
    _ = try await store().pull(try #require(store().model(named: "a/b")))
    #expect(try changed() != before)
    #expect(hub.log.count { $0.hasPrefix("other ") } == 1, "the weights were linked")
  }

  @Test func aModelInUseIsReplacedLater() async throws {
    try hub.push("a/b", commit: 1, fixture: "checkpoints/hf-f16")
    let url = try await store().resolve("a/b")
    try hub.push("a/b", commit: 2, fixture: "checkpoints/hf-bf16")
    let model = try #require(store().model(named: "a/b"))
    var lease = FolderLease(url)
    #expect(try await store().pull(model) == url)
    #expect(HubManifest(in: url)?.commit == HubFixture.commit(1))
    #expect(lease != nil)
    lease = nil
    let count = hub.log.count
    #expect(try await store().pull(model) == url)
    #expect(HubManifest(in: url)?.commit == HubFixture.commit(2))
    #expect(hub.log.count == count + 1, "nothing is fetched twice")
  }

  // MARK: Offline

  @Test func whatIsInTheCacheIsUsedOffline() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16")
    let url = try await store().resolve("a/b")
    try setLastCheck(url, hoursAgo: 100)
    let count = hub.log.count
    for variable in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
      #expect(try await store([variable: "1"]).resolve("a/b") == url)
      let model = try #require(store().model(named: "a/b"))
      #expect(try await store([variable: "TRUE"]).pull(model) == url)
      #expect(await failure("a/c", [variable: "yes"]) == .offline(model: "a/c"))
      #expect(await failure("tiny.en", [variable: "on"]) == .offline(model: "tiny.en"))
    }
    var offline = store([:])
    #expect(!offline.isOffline)
    offline.isOffline = true
    #expect(try await offline.resolve("a/b") == url)
    await #expect(throws: SwiftletError.self) { try await offline.resolve("a/c") }
    var online = store(["TRANSFORMERS_OFFLINE": "1"])
    #expect(online.isOffline)
    online.isOffline = false
    #expect(!online.isOffline)
    #expect(hub.log.count == count)
    // Without a network, and a day later.
    let record = ProgressRecord()
    let alone = store(["HF_ENDPOINT": "http://127.0.0.1:9"])
    #expect(try await alone.resolve("a/b", progress: record.handler) == url)
    guard case .failed = record.steps.last else {
      Issue.record("\(record.steps)")
      return
    }
    let another = ProgressRecord()
    #expect(try await alone.resolve("a/b", progress: another.handler) == url)
    #expect(another.steps.isEmpty, "it is not tried again for an hour")
    let model = try #require(store().model(named: "a/b"))
    await #expect(throws: SwiftletError.self, "whoever asks for it is told") { try await alone.pull(model) }
  }

  // MARK: Tokens

  @Test func tokensGoToTheHubAlone() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16", settings: ["token": "secret"])
    #expect(await failure("a/b") == .repositoryNotFound("a/b"))
    #expect(await failure("a/b", ["HF_TOKEN": "wrong"]) == .repositoryNotFound("a/b"))
    #expect(await failure("a/b", ["HF_TOKEN": "bad"]) == .tokenRefused)
    #expect(
      await failure("a/b", ["HF_TOKEN": "secret", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"])
        == .repositoryNotFound("a/b"))
    let before = hub.log.count
    #expect(
      try await openCheckpoint(at: store(["HF_TOKEN": " secret\n"]).resolve("a/b")).kind == .safetensors)
    let log = hub.log.dropFirst(before)
    #expect(log.allSatisfy { $0.hasSuffix($0.hasPrefix("hub ") ? " secret" : " -") }, "\(log)")
    #expect(log.count { $0.hasPrefix("other ") } == 1)
  }

  @Test(arguments: ["HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME", "HOME"])
  func tokensAreFoundWhereTheHubsToolsPutThem(variable: String) async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16", settings: ["token": "secret"])
    let file =
      switch variable {
      case "HF_TOKEN_PATH": "place"
      case "HF_HOME": "place/token"
      case "XDG_CACHE_HOME": "place/huggingface/token"
      default: "place/.cache/huggingface/token"
      }
    let url = scratch.appending(path: file)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("secret\n".utf8).write(to: url)
    let environment = [variable: scratch.appending(path: "place").path]
    #expect(try await store(environment).resolve("a/b").lastPathComponent == "a--b")
  }

  @Test func gatedRepositoriesAreSaidToBe() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16", settings: ["token": "secret", "gated": true])
    #expect(await failure("a/b") == .gatedRepository("a/b"))
    #expect(await failure("a/b", ["HF_TOKEN": "wrong"]) == .gatedRepository("a/b"))
    #expect(try await store(["HF_TOKEN": "secret"]).resolve("a/b").lastPathComponent == "a--b")
  }

  // MARK: Refusals

  @Test func whatIsNotThereIsSaidInASentence() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16")
    try hub.push("a/wav2vec2", files: ["config.json": Data(#"{"model_type": "wav2vec2"}"#.utf8)])
    try hub.push("a/text", files: ["config.json": Data("hello".utf8), "model.safetensors": Data()])
    try hub.push("a/empty", files: ["README.md": Data()])
    try hub.push(
      "a/adapter",
      files: [
        "adapter_model.safetensors": Data([1]), "config.json": Data(#"{"model_type": "whisper"}"#.utf8),
      ])
    let index = Data(#"{"weight_map": {"a": "../../etc/passwd"}}"#.utf8)
    try hub.push(
      "a/path", files: ["model.safetensors.index.json": index, "config.json": Data("{}".utf8)])
    #expect(await failure("nobody/nothing") == .repositoryNotFound("nobody/nothing"))
    #expect(await failure("a/b@v9") == .revisionNotFound(repository: "a/b", revision: "v9"))
    #expect(await failure("a/wav2vec2") == .notWhisper(repository: "a/wav2vec2", type: "wav2vec2"))
    #expect(await failure("a/text") == .notWhisper(repository: "a/text", type: nil))
    #expect(await failure("a/empty") == .noWeights(repository: "a/empty", missing: "config.json", found: []))
    #expect(
      await failure("a/adapter")
        == .noWeights(repository: "a/adapter", missing: nil, found: ["adapter_model.safetensors"]))
    #expect(await failure("a/path") == .missingFile("../../etc/passwd", package: "a/path"))
    #expect(await failure("./a/b") == .noSuchPath("./a/b"))
    #expect(await failure("a/b.safetensors") == .noSuchPath("a/b.safetensors"))
    #expect(
      try names(cache.appending(path: "models")).isEmpty && names(cache.appending(path: "partial")).isEmpty)
    #expect(!hub.log.contains { $0.contains("other") }, "no weights were fetched")
  }

  @Test func aServerThatIsNoHubIsToldFromOne() async throws {
    let server = try await LocalServer()
    let page = try server.file("plain", 50, "x").url
    let endpoint = page.deletingLastPathComponent().absoluteString
    guard case .unexpectedAnswer(let url) = await failure("a/b", ["HF_ENDPOINT": endpoint]) else {
      Issue.record("not told")
      return
    }
    #expect(url.hasPrefix(endpoint))
    #expect(
      await failure("a/b", ["HF_ENDPOINT": "huggingface"])
        == .connection(url: "huggingface", reason: "HF_ENDPOINT is no http or https address"))
  }

  // MARK: Damage

  @Test func damagedFilesAreRefused() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16")
    for name in ["config.json", "model.safetensors"] {
      try hub.setFaults([name: "damage"])
      guard case .digestMismatch(let file, _, _) = await failure("a/b") else {
        Issue.record("\(name) was taken")
        continue
      }
      #expect(file.hasSuffix(name))
      try hub.setFaults([name: "endless"])
      guard case .wrongSize(let file, let expected, let found) = await failure("a/b") else {
        Issue.record("\(name) was taken")
        continue
      }
      #expect(file.hasSuffix(name) && found > expected)
    }
    #expect(try names(cache.appending(path: "models")).isEmpty)
    try hub.setFaults([:])
    #expect(try await openCheckpoint(at: store().resolve("a/b")).kind == .safetensors)
  }

  @Test func brokenConnectionsAreTakenUpAgain() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-sharded")
    try hub.setFaults(["model-00002-of-00003.safetensors": "break"])
    let url = try await store().resolve("a/b")
    #expect(try openCheckpoint(at: url).files.count == 3)
    #expect(
      hub.log.filter { $0.contains("other ") }.map { $0.split(separator: " ")[2] } == [
        "-", "-", "bytes=6760-", "-",
      ])
  }

  /// What an interrupted pull has left is taken if it is still what is wanted.
  @Test func anInterruptedPullIsGoneOnWith() async throws {
    try hub.push("a/b", commit: 1, fixture: "checkpoints/hf-sharded")
    try hub.setFaults(["model-00003-of-00003.safetensors": "damage"])
    _ = await failure("a/b")
    try hub.setFaults([:])
    let partial = cache.appending(path: "partial/a--b/source-0")
    // A whole file that was not verified yet.
    let second = partial.appending(path: "files/model-00002-of-00003.safetensors")
    #expect(FileManager.default.fileExists(atPath: second.path))
    let third = Fixtures.url("checkpoints/hf-sharded/model-00003-of-00003.safetensors")
    try FileManager.default.copyItem(
      at: third, to: partial.appending(path: "model-00003-of-00003.safetensors.partial"))
    let count = hub.log.count
    let url = try await store().resolve("a/b")
    #expect(hub.log.count == count + 1, "only the list of files was asked for")
    #expect(try openCheckpoint(at: url).files.count == 3)
  }

  @Test func anInterruptedPullOfAnotherCommitIsNotGoneOnWith() async throws {
    try hub.push("a/b", commit: 1, fixture: "checkpoints/hf-sharded", adding: ["tokenizer.json": "{}"])
    try hub.setFaults(["model-00003-of-00003.safetensors": "damage"])
    _ = await failure("a/b")
    try hub.push("a/b", commit: 2, fixture: "checkpoints/hf-bf16", adding: ["tokenizer.json": "{ }"])
    let url = try await store().resolve("a/b")
    #expect(
      try names(url) == ["config.json", "model.safetensors", "repository.json", "tokenizer.json"])
    #expect(try String(contentsOf: url.appending(path: "tokenizer.json"), encoding: .utf8) == "{ }")
    #expect(try openCheckpoint(at: url).tensors[0].storedType == .bfloat16)
  }

  @Test func aModelThatLostAFileIsFetchedAgain() async throws {
    try hub.push("a/b", fixture: "checkpoints/hf-f16")
    let url = try await store().resolve("a/b")
    try FileManager.default.removeItem(at: url.appending(path: "config.json"))
    #expect(try await store().resolve("a/b") == url)
    #expect(try openCheckpoint(at: url).kind == .safetensors)
    #expect(hub.log.count { $0.hasPrefix("other ") } == 1, "the weights were still there")
  }

  @Test func pathsComeFirst() async throws {
    let folder = scratch.appending(path: "a/b")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    #expect(try await store().resolve(folder.path).path == folder.path)
    #expect(HubRepository(folderName: "a-b") == nil && HubRepository(folderName: "-a--b") == nil)
    #expect(hub.log.isEmpty)
  }
}
