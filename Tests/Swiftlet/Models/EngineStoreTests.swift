// The cache of engines: what is kept, what is not, what is removed.

import Foundation
import SwiftletTestSupport
import Synchronization
import Testing

@testable import Swiftlet

@Suite final class EngineStoreTests {
  private let temporary = TestFolder()
  private var scratch: URL { temporary.url }
  private let store: EngineStore
  private let cache: ModelCache
  private let model: URL

  /// A copy of the small network of the fixtures, so that it can be changed.
  init() throws {
    model = temporary.url("small")
    try FileManager.default.copyItem(at: Fixtures.url("whisper"), to: model)
    cache = ModelCache(folder: temporary.url("cache"))
    store = EngineStore(folder: cache.folder)
  }

  private func build(_ precision: EnginePrecision = .int8) throws -> URL {
    try store.load(model, precisions: EnginePrecisions(precision), threads: 1, canBeTemporary: false) { _ in }
      .folder
  }

  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private var engines: [ModelCache.Item] { cache.items().filter { $0.kind == .engine } }

  private func touch(_ file: URL) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: file.path)
  }

  @Test func anEngineIsBuiltOnceAndDescribed() throws {
    let engine = try build()
    var steps: [EngineStore.Progress] = []
    #expect(try store.load(model, precisions: nil, threads: 1) { steps.append($0) }.folder == engine)
    #expect(steps.isEmpty)
    let item = try #require(engines.first)
    #expect(item.url.path == engine.path && item.model == "small" && item.precision == "int8")
    #expect(item.source?.first == model.appending(path: "model.safetensors").path)
    #expect(item.waste == nil && item.isInUse == false)
    #expect(item.bytes > 10_000)
    #expect(try #require(item.lastUsed).timeIntervalSinceNow > -60)
    #expect(try names(cache.locks).isEmpty, "locks do not pile up")
    #expect(try names(cache.engines) == [engine.lastPathComponent])
  }

  /// Of before sources were recorded.
  @Test func anEngineWithoutSourceGetsOneWhenItIsUsed() throws {
    let engine = try build()
    try FileManager.default.removeItem(at: engine.appending(path: "source.json"))
    #expect(engines.first?.source == nil && engines.first?.waste == nil)
    _ = try build()
    #expect(engines.first?.source?.isEmpty == false)
  }

  @Test func anEngineOfAModelThatChangedIsReplaced() throws {
    let (old, other) = (try build(), try build(.fp32))
    try touch(model.appending(path: "model.safetensors"))
    #expect(engines.map(\.waste) == [.checkpointChanged, .checkpointChanged])
    let new = try build()
    #expect(new != old)
    // That at another precision is not rebuilt now, and stays until the cache is cleaned.
    #expect(Set(engines.map(\.url.path)) == [new.path, other.path])
  }

  @Test func anEngineOfAModelThatWasMovedIsReplaced() async throws {
    let old = try build()
    let moved = scratch.appending(path: "moved")
    try FileManager.default.moveItem(at: model, to: moved)
    #expect(engines.map(\.waste) == [.checkpointGone])
    let new = try await store.engine(of: moved, threads: 1)
    #expect(new != old && engines.map(\.url.path) == [new.path])
  }

  @Test func anEngineInUseIsNotRemoved() throws {
    _ = try build()
    var loaded: LoadedEngine? = try store.load(model, precisions: nil, threads: 1) { _ in }
    let item = try #require(engines.first)
    #expect(item.isInUse && loaded != nil)
    #expect(try cache.remove(item) == false)
    #expect(engines.count == 1)
    loaded = nil
    // A program that another test starts has the lease, too, between fork and exec.
    for _ in 0..<100 where engines.first?.isInUse == true { Thread.sleep(forTimeInterval: 0.02) }
    #expect(engines.first?.isInUse == false)
    #expect(try cache.remove(item))
    #expect(try names(cache.engines).isEmpty)
  }

  @Test func anEngineThatIsBeingBuiltIsNotRemoved() throws {
    _ = try build()
    let item = try #require(engines.first)
    let lock = try #require(try FileLock.attempt(cache.lock(of: item.name)))
    #expect(engines.first?.isInUse == true)
    #expect(try cache.remove(item) == false)
    lock.release()
    #expect(try cache.remove(item))
  }

  /// The folder is to lie where nothing can be made, for the superuser either.
  @Test(arguments: ["file/cache", "/proc/swiftlet", "/dev/null/cache"])
  func whereTheCacheCannotBeWrittenTheEngineIsTemporary(place: String) async throws {
    try Data().write(to: scratch.appending(path: "file"))
    let folder = place.hasPrefix("/") ? URL(filePath: place) : scratch.appending(path: place)
    let store = EngineStore(folder: folder)
    var steps: [EngineStore.Progress] = []
    var engine: LoadedEngine? = try store.load(model, precisions: nil, threads: 1) { steps.append($0) }
    guard case .notKept(let reason) = steps.first else {
      Issue.record("\(steps)")
      return
    }
    #expect(reason.hasPrefix(folder.path))
    let built = try #require(engine).folder
    #expect(EngineStore.isEngine(at: built))
    #expect(try #require(engine).model.dimensions.textWidth > 0)
    engine = nil
    #expect(!FileManager.default.fileExists(atPath: built.path))
    // Whoever wants a folder that stays is told.
    let error = await #expect(throws: SwiftletError.self) {
      try await store.engine(of: self.model, threads: 1)
    }
    #expect(error?.code == .fileNotWritten)
  }

  @Test func aBuildThatIsCancelledLeavesNothing() async throws {
    let task = Task { [store, model] in
      try await store.engine(of: model, threads: 1) { step in
        if case .written = step { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try names(cache.engines).isEmpty && names(cache.locks).isEmpty)
  }

  @Test func waitingForAnotherBuildIsCancelled() async throws {
    let engine = try build()
    _ = try cache.remove(try #require(engines.first))
    let lock = try #require(try FileLock.attempt(cache.lock(of: engine.lastPathComponent)))
    let waits = Mutex(0)
    let task = Task { [store, model] in
      try await store.engine(of: model, threads: 1) { step in
        if step == .waiting(model: "small") { waits.withLock { $0 += 1 } }
      }
    }
    while waits.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(10)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(waits.withLock { $0 } == 1)
    #expect(try names(cache.engines).isEmpty)
    lock.release()
    #expect(try build() == engine)
  }

  @Test func whatAKilledBuildLeftIsRemovedByTheNext() throws {
    let engine = try build()
    let name = engine.lastPathComponent
    _ = try cache.remove(try #require(engines.first))
    let rest = cache.engines.appending(path: ".\(name).\(UUID().uuidString).partial")
    try FileManager.default.createDirectory(at: rest, withIntermediateDirectories: true)
    try Data(count: 1000).write(to: rest.appending(path: "encoder.safetensors"))
    let item = try #require(cache.items().first { $0.kind == .leftover })
    #expect(item.waste == .abandoned && item.bytes == 1000)
    #expect(try build() == engine)
    #expect(try names(cache.engines) == [name])
  }

  @Test func aDamagedEngineIsBuiltAgain() async throws {
    let engine = try build()
    try Data().write(to: engine.appending(path: "engine.json"))
    #expect(engines.first?.waste == .unreadable)
    let discarded = Mutex(false)
    let again = try await store.engine(of: model, threads: 1) { step in
      if case .discarded = step { discarded.withLock { $0 = true } }
    }
    #expect(again == engine && discarded.withLock { $0 })
    #expect(engines.first?.waste == nil)
  }

  @Test func everythingElseInTheCacheIsTold() throws {
    for path in [
      "models/small/model.pt", "partial/tiny/source-0/tiny.pt.partial", "datasets/a", "locks/base.lock",
    ] {
      let file = cache.folder.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(count: 7).write(to: file)
    }
    var items = cache.items()
    #expect(items.map(\.kind) == [.model, .download, .lock, .other])
    #expect(items.map(\.name) == ["small", "tiny", "base.lock", "datasets"])
    #expect(items.map(\.bytes) == [7, 7, 7, 7])
    #expect(items.map(\.waste) == [nil, nil, .abandoned, nil], "the download is of today")
    // A day later, or once the model is complete, nobody goes on with it.
    for path in ["partial/tiny/source-0/tiny.pt.partial", "partial/tiny/source-0", "partial/tiny"] {
      try touch(cache.folder.appending(path: path))
    }
    items = cache.items()
    #expect(items[1].waste == .abandoned)
    for item in items { #expect(try cache.remove(item) == (item.kind != .other)) }
    #expect(cache.items().map(\.name) == ["datasets"])
  }
}
