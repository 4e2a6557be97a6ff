// Builds engines, and keeps those that were built from plain models on first use.

public import Foundation
import SwiftletCheckpoints
import SwiftletWhisper

/// The cache of engines: `engines/MODEL-ENCODER-DECODER-KEY` in the folder of ``ModelStore``.
///
/// The key stands for the model's files, their sizes and times, so that a model that changes gets a new engine. Engines of
/// the same model before it changed or was moved are removed then.
public struct EngineStore: Sendable {
  /// Where the engines lie, a folder for each.
  public let folder: URL
  /// Of models and engines.
  private let locks: URL
  private let cache: ModelCache

  /// A cache in the folder `engines` of `folder`; if that is nil, beside the models.
  public init(folder: URL? = nil) {
    let cache = ModelCache(folder: folder)
    self.folder = cache.engines
    locks = cache.locks
    self.cache = cache
  }

  /// The engine of `model`: itself if it is one, or one from the cache, built first if need be.
  ///
  /// Building takes a second or two for the small models.
  ///
  /// - Parameters:
  ///   - model: an engine folder or a plain model.
  ///   - precisions: nil takes an engine as it is, and ``EnginePrecisions/standard`` for a plain model.
  ///   - threads: how many build; by default one for each physical core that this process may use.
  ///   - progress: called for each step, from any thread.
  /// - Returns: the engine's folder.
  /// - Throws: ``SwiftletError`` if an engine has another precision, the model can't be used, or the cache can't be written;
  ///   `CancellationError` if the task is cancelled, and nothing is left behind.
  public func engine(
    of model: URL, precisions: EnginePrecisions? = nil, threads: Int? = nil,
    progress: @escaping @Sendable (EngineStore.Progress) -> Void = { _ in }
  ) async throws -> URL {
    try await onBlockingThread {
      try load(model, precisions: precisions, threads: threads, canBeTemporary: false) {
        try Task.checkCancellation()
        progress($0)
      }.folder
    }
  }

  /// The same, with the network that was loaded to see whether the engine is of use.
  ///
  /// - Parameters:
  ///   - standard: for a plain model if `precisions` is nil.
  ///   - canBeTemporary: whether the engine may be built in the temporary folder if the cache can't be written.
  func load(
    _ model: URL, precisions: EnginePrecisions?, standard: EnginePrecisions = .standard, threads: Int?,
    canBeTemporary: Bool = true, progress: (EngineStore.Progress) throws -> Void
  ) throws -> LoadedEngine {
    if Self.isEngine(at: model) { return try loadEngine(model, precisions: precisions) }
    // Neither the model nor the engine is removed by another process as long as it is used here.
    let lease = FolderLease(folderHolding(model))
    defer { withExtendedLifetime(lease) {} }
    let checkpoint = try openCheckpoint(at: model)
    let source = try EngineSource(of: checkpoint)
    let build = EngineBuild(
      checkpoint: checkpoint, model: model, precisions: precisions ?? standard, threads: threads)
    let destination = folder.appending(path: "\(build.name)-\(source.key)")
    if let engine = try? LoadedEngine(cached: destination) {
      source.record(in: destination)
      return engine
    }
    do {
      return try kept(build, at: destination, source, progress: progress)
    } catch let error as ModelError where canBeTemporary {
      guard case .cannotWrite(let path, let reason) = error else { throw error }
      try progress(.notKept(reason: "\(path): \(reason)"))
      guard let engine = try temporary(build, progress: progress) else { throw error }
      return engine
    }
  }

  private func loadEngine(_ folder: URL, precisions: EnginePrecisions?) throws -> LoadedEngine {
    let description = try readEngineDescription(in: folder)
    if let precisions,
      precisions.encoder.compute != description.encoderPrecision
        || precisions.decoder.compute != description.decoderPrecision
    {
      throw EngineStoreError.otherPrecision(
        engine: folder.path(percentEncoded: false), found: description.precisions,
        wanted: "\(precisions.encoder.rawValue)/\(precisions.decoder.rawValue)")
    }
    return try LoadedEngine(folder: folder)
  }

  /// Builds an engine into the cache, unless another process does so at this moment.
  ///
  /// - Throws: `ModelError.cannotWrite` if the cache can't be written.
  private func kept(
    _ build: EngineBuild, at destination: URL, _ source: EngineSource,
    progress: (EngineStore.Progress) throws -> Void
  ) throws -> LoadedEngine {
    for needed in [folder, locks] { try makeFolder(needed) }
    let file = cache.lock(of: destination.lastPathComponent)
    let lock = try FileLock(blockingFor: file) { try progress(.waiting(model: build.modelName)) }
    defer { lock.release() }
    if Self.isEngine(at: destination) {
      do {
        let engine = try LoadedEngine(cached: destination)
        source.record(in: destination)
        return engine
      } catch {
        try progress(.discarded(reason: "\(error)"))
        try removeFolder(destination)
      }
    }
    cache.removeLeftovers(ofEngine: destination.lastPathComponent)
    try progress(.building(model: build.modelName, precisions: build.precisions))
    do {
      try build.run(into: destination, progress: progress)
    } catch EngineError.notWritten(_, let reason) {
      throw ModelError.cannotWrite(path: folder.path, reason: reason)
    }
    source.record(in: destination)
    cache.removeEngines(replacedBy: destination, source)
    try progress(.finished(destination))
    return try LoadedEngine(cached: destination)
  }

  /// Builds an engine that nobody else finds, and that is gone with what is returned: a mapping outlives its file.
  ///
  /// - Returns: nil if there is no place for it.
  private func temporary(
    _ build: EngineBuild, progress: (EngineStore.Progress) throws -> Void
  ) throws -> LoadedEngine? {
    // The second is memory, on Linux; a container may have no other place that can be written.
    for parent in [FileManager.default.temporaryDirectory, URL(filePath: "/dev/shm")] {
      let folder = TemporaryFolder(in: parent)
      do {
        try build.run(into: folder.url, progress: progress)
        return try LoadedEngine(folder: folder.url, temporary: folder)
      } catch EngineError.notWritten {
        continue
      }
    }
    return nil
  }

  /// Builds an engine into `output`, which appears whole or not at all.
  ///
  /// - Parameters:
  ///   - model: a plain model: a file or folder, Hugging Face, OpenAI `.pt`, CTranslate2 or ggml.
  ///   - output: the folder that the engine becomes: a new one, an empty one, or an engine, which is replaced.
  ///   - precisions: of encoder and decoder.
  ///   - threads: how many build; by default one for each physical core that this process may use.
  ///   - progress: called for each step, from any thread.
  /// - Throws: ``SwiftletError``; `CancellationError` if the task is cancelled, and nothing is left behind.
  public static func build(
    _ model: URL, into output: URL, precisions: EnginePrecisions, threads: Int? = nil,
    progress: @escaping @Sendable (EngineStore.Progress) -> Void = { _ in }
  ) async throws {
    try await onBlockingThread {
      try write(model, into: output, precisions: precisions, threads: threads) {
        try Task.checkCancellation()
        progress($0)
      }
    }
  }

  /// Does the work of ``build(_:into:precisions:threads:progress:)``.
  private static func write(
    _ model: URL, into output: URL, precisions: EnginePrecisions, threads: Int?,
    progress: (EngineStore.Progress) throws -> Void
  ) throws {
    if Self.isEngine(at: model) { throw EngineStoreError.alreadyEngine(model.path(percentEncoded: false)) }
    let checkpoint = try openCheckpoint(at: model)
    let build = EngineBuild(checkpoint: checkpoint, model: model, precisions: precisions, threads: threads)
    try progress(.building(model: build.modelName, precisions: precisions))
    try build.run(into: output, progress: progress)
    try progress(.finished(output))
  }

  /// Checks every byte of an engine against the digests that were taken when it was built.
  ///
  /// - Throws: ``SwiftletError`` if a file is damaged or missing; `CancellationError` if the task is cancelled.
  public static func verify(_ engine: URL) async throws {
    try await onBlockingThread { try verifyEngine(in: engine) }
  }

  /// Whether an engine lies at `folder`.
  public static func isEngine(at folder: URL) -> Bool { SwiftletWhisper.isEngine(at: folder) }
}
