// Loading a model: from a name and from a path, with progress, errors of known kinds, and cancellation.

import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Synchronization
import Testing

@Suite final class LoadingTests {
  private let folder = TestFolder()
  private var cache: URL { folder.url("cache") }

  @Test(.slow) func anEngineIsBuiltBesideTheModelsAndToldOf() async throws {
    let steps = Mutex<[LoadProgress]>([])
    let model = try await TestModels.model()
    for _ in 0..<2 {
      let transcriber = try await Transcriber.load(model, store: ModelStore(folder: cache)) { step in
        steps.withLock { $0.append(step) }
      }
      #expect(!transcriber.isMultilingual)
    }
    let told = steps.withLock { $0 }
    let built = told.filter { if case .building(.building) = $0 { true } else { false } }
    #expect(built.count == 1, "the second finds the engine of the first")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: cache.appending(path: "engines").path).count == 1)
  }

  @Test func errorsAreOfKnownKinds() async throws {
    let store = ModelStore(folder: cache)
    for (name, code) in [("tyni.en", SwiftletError.Code.modelNotFound), ("/nowhere/model", .modelNotFound)] {
      let error = await #expect(throws: SwiftletError.self) { try await Transcriber.load(name, store: store) }
      #expect(error?.code == code)
    }
    let file = Fixtures.url("speech/jfk.flac")
    let damaged = await #expect(throws: SwiftletError.self) { try await Transcriber.load(file, store: store) }
    #expect(damaged?.code == .unusableModel && damaged?.subject == file.path)
    let threads = await #expect(throws: SwiftletError.self) {
      try await Transcriber.load(Fixtures.url("whisper"), threads: 0, store: store)
    }
    #expect(threads?.code == .invalidOptions)
  }

  @Test(.slow) func cancellingLeavesNothing() async throws {
    let model = try await TestModels.model()
    let task = Task { [cache] in
      try await Transcriber.load(model, store: ModelStore(folder: cache)) { step in
        if case .building(.written) = step { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    let engines = cache.appending(path: "engines")
    #expect(try FileManager.default.contentsOfDirectory(atPath: engines.path).isEmpty)
  }
}
