// Where tests get real models from.

package import Foundation
package import Swiftlet
import SwiftletTestSupport

/// The models of the tests, `tiny.en` and `base`: fetched on first use into a cache of the tests' own, and loaded once.
///
/// A test that uses it is marked with ``Testing/Trait/slow``.
package actor TestModels {
  package static let shared = TestModels()

  /// The cache of the tests.
  package static let store = ModelStore(folder: TestTier.cache)
  /// The engines in it.
  package static let engines = EngineStore(folder: TestTier.cache)

  private struct Configuration: Hashable {
    var name: String
    var precision: EnginePrecision?
    var threads: Int?
  }

  private struct NotInTheFastTier: Error, CustomStringConvertible {
    var description: String { "A test that uses a model has to be marked with .slow." }
  }

  private var models: [String: Task<URL, any Error>] = [:]
  private var transcribers: [Configuration: Task<Transcriber, any Error>] = [:]

  /// The file or folder of a model, fetched if need be.
  package static func model(_ name: String = "tiny.en") async throws -> URL { try await shared.model(name) }

  /// A transcriber that several tests use at a time. Those that count what it does, or have it fail, load one of their own.
  package static func transcriber(
    _ name: String = "tiny.en", _ precision: EnginePrecision? = nil, threads: Int? = nil
  ) async throws -> Transcriber {
    try await shared.transcriber(Configuration(name: name, precision: precision, threads: threads))
  }

  /// A transcriber that nobody else uses.
  package static func ownTranscriber(
    _ name: String = "tiny.en", _ precision: EnginePrecision? = nil, threads: Int? = nil, concurrency: Int = 4
  ) async throws -> Transcriber {
    try await Transcriber.load(
      try await model(name), precisions: precision.map { EnginePrecisions($0) }, threads: threads,
      concurrency: concurrency, store: store)
  }

  private func model(_ name: String) async throws -> URL {
    guard !TestTier.isFast else { throw NotInTheFastTier() }
    let task = models[name] ?? Task { try await Self.store.resolve(name) }
    models[name] = task
    return try await task.value
  }

  private func transcriber(_ wanted: Configuration) async throws -> Transcriber {
    let task =
      transcribers[wanted]
      ?? Task {
        try await Self.ownTranscriber(
          wanted.name, wanted.precision, threads: wanted.threads, concurrency: Self.concurrency)
      }
    transcribers[wanted] = task
    return try await task.value
  }

  /// Tests run side by side, and some hold a place while they wait for something else.
  private static let concurrency = 32
}
