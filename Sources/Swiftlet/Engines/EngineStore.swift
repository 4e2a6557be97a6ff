// Builds engines, and keeps those that were built from plain models on first use.

import Crypto
public import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// What building an engine has to tell.
public enum EngineProgress: Hashable, Sendable {
  /// A plain model is given, and no engine of it is in the cache.
  case building(model: String, precisions: EnginePrecisions)
  /// Bytes written so far, and in all.
  case written(done: Int, total: Int)
  /// An engine in the cache was of no use; it is built anew.
  case discarded(reason: String)
  /// The engine is in this folder.
  case finished(URL)
}

/// The cache of engines: `engines/MODEL-ENCODER-DECODER-KEY` in the folder of ``ModelStore``.
///
/// The key stands for the model's files, their sizes and times, so that a model that changes gets a new engine.
public struct EngineStore: Sendable {
  /// Where the engines lie, a folder for each.
  public let folder: URL

  /// A cache in the folder `engines` of `folder`; if that is nil, beside the models.
  public init(folder: URL? = nil) {
    self.folder = (folder ?? ModelStore.defaultFolder()).appending(path: "engines")
  }

  /// The engine of `model`: itself if it is one, or one from the cache, built first if need be.
  ///
  /// Blocks while it builds: a second or two for the small models.
  ///
  /// - Parameters:
  ///   - model: an engine folder or a plain model.
  ///   - precisions: nil takes an engine as it is, and ``EnginePrecisions/standard`` for a plain model.
  ///   - threads: how many build; by default one for each physical core that this process may use.
  ///   - progress: told of the building; throwing from it ends the work, and nothing is left behind.
  /// - Returns: the engine's folder.
  /// - Throws: ``EngineStoreError`` if an engine has another precision; otherwise an error whose description names the file
  ///   and says what to do.
  public func engine(
    of model: URL, precisions: EnginePrecisions? = nil, threads: Int? = nil,
    progress: (EngineProgress) throws -> Void = { _ in }
  ) throws -> URL {
    try load(model, precisions: precisions, threads: threads, progress: progress).folder
  }

  /// The same, with the network that was loaded to see whether the engine is of use.
  func load(
    _ model: URL, precisions: EnginePrecisions?, threads: Int?, progress: (EngineProgress) throws -> Void
  ) throws -> (folder: URL, network: WhisperModel) {
    if Self.isEngine(at: model) {
      let description = try readEngineDescription(in: model)
      if let precisions,
        precisions.encoder.compute != description.encoderPrecision
          || precisions.decoder.compute != description.decoderPrecision
      {
        throw EngineStoreError.otherPrecision(
          engine: model.path(percentEncoded: false), found: description.precisions,
          wanted: "\(precisions.encoder.rawValue)/\(precisions.decoder.rawValue)")
      }
      return (model, try WhisperModel(engine: model))
    }
    let precisions = precisions ?? .standard
    let checkpoint = try openCheckpoint(at: model)
    let name = model.lastPathComponent
    let destination = folder.appending(
      path: "\(name)-\(precisions.encoder.rawValue)-\(precisions.decoder.rawValue)-\(try key(checkpoint))")
    if Self.isEngine(at: destination), let network = try? WhisperModel(engine: destination) {
      return (destination, network)
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // One process builds, the others wait and find what it built.
    let lock = try FileLock(blockingFor: folder.appending(path: ".\(destination.lastPathComponent).lock"))
    defer { lock.release() }
    if Self.isEngine(at: destination) {
      do {
        return (destination, try WhisperModel(engine: destination))
      } catch {
        try progress(.discarded(reason: "\(error)"))
        try FileManager.default.removeItem(at: destination)
      }
    }
    try progress(.building(model: name, precisions: precisions))
    try Self.build(
      checkpoint, of: model, into: destination, precisions: precisions, threads: threads, progress: progress)
    return (destination, try WhisperModel(engine: destination))
  }

  /// Builds an engine into `output`, which appears whole or not at all.
  ///
  /// - Parameters:
  ///   - model: a plain model: a file or folder, Hugging Face, OpenAI `.pt`, CTranslate2 or ggml.
  ///   - output: the folder that the engine becomes: a new one, an empty one, or an engine, which is replaced.
  ///   - precisions: of encoder and decoder.
  ///   - threads: how many build; by default one for each physical core that this process may use.
  ///   - progress: may throw to end the work; nothing is left behind.
  /// - Throws: ``EngineStoreError/alreadyEngine(_:)``; otherwise an error whose description names the file and says what to do.
  public static func build(
    _ model: URL, into output: URL, precisions: EnginePrecisions, threads: Int? = nil,
    progress: (EngineProgress) throws -> Void = { _ in }
  ) throws {
    if Self.isEngine(at: model) { throw EngineStoreError.alreadyEngine(model.path(percentEncoded: false)) }
    let checkpoint = try openCheckpoint(at: model)
    try progress(.building(model: model.lastPathComponent, precisions: precisions))
    try build(
      checkpoint, of: model, into: output, precisions: precisions, threads: threads, progress: progress)
  }

  /// Checks every byte of an engine against the digests that were taken when it was built.
  ///
  /// - Throws: an error whose description names the file that is damaged or missing.
  public static func verify(_ engine: URL) throws { try verifyEngine(in: engine) }

  /// Whether an engine lies at `folder`.
  public static func isEngine(at folder: URL) -> Bool { SwiftletWhisper.isEngine(at: folder) }

  private static func build(
    _ checkpoint: any Checkpoint, of model: URL, into output: URL, precisions: EnginePrecisions,
    threads: Int?,
    progress: (EngineProgress) throws -> Void
  ) throws {
    let builder = EngineBuilder(
      checkpoint: checkpoint, model: model.lastPathComponent, encoderPrecision: precisions.encoder.compute,
      decoderPrecision: precisions.decoder.compute, context: try ComputeContext(threads: threads))
    try builder.build(into: output, companions: tokenizerFiles(beside: model)) {
      try progress(.written(done: $0, total: $1))
    }
    try progress(.finished(output))
  }

  /// The files that a tokenizer may be read from, in the folder of a model.
  private static func tokenizerFiles(beside model: URL) -> [URL] {
    let isFolder = (try? model.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
    guard isFolder else { return [] }
    return Tokenizer.fileNames.map { model.appending(path: $0) }
      .filter { FileManager.default.fileExists(atPath: $0.path(percentEncoded: false)) }
  }

  /// Stands for the files' places, sizes and times.
  private func key(_ checkpoint: any Checkpoint) throws -> String {
    var text = "\(EngineFormat.version) \(EngineFormat.packing)\n"
    for file in checkpoint.files {
      let resolved = file.resolvingSymlinksInPath()
      let values = try resolved.resourceValues(forKeys: [.fileSizeKey, .contentModificationDateKey])
      let time = values.contentModificationDate?.timeIntervalSinceReferenceDate ?? 0
      text += "\(resolved.path(percentEncoded: false)) \(values.fileSize ?? 0) \(time)\n"
    }
    return hexadecimal(SHA256.hash(data: Data(text.utf8)).prefix(6))
  }
}

/// Why a model can't be used as it was asked for.
public enum EngineStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// An engine has the precision that it was built at.
  case otherPrecision(engine: String, found: String, wanted: String)
  /// An engine can't be built from an engine.
  case alreadyEngine(String)

  public var description: String {
    switch self {
    case .otherPrecision(let engine, let found, let wanted):
      "\(engine) is an engine at \(found), not at \(wanted); leave the precision out, or give the model it was built from."
    case .alreadyEngine(let path):
      "\(path) is an engine already; give the model it was built from."
    }
  }
}
