// One engine to build, and one that is loaded.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// A checkpoint, and what is to be made of it.
struct EngineBuild {
  let checkpoint: any Checkpoint
  /// The file or folder that the checkpoint was opened from.
  let model: URL
  let precisions: EnginePrecisions
  let threads: Int?

  /// What people call it: that of a repository, or of the file or folder.
  var modelName: String {
    let name = model.lastPathComponent
    return HubManifest(in: model) == nil ? name : HubRepository(folderName: name)?.description ?? name
  }
  /// The engine's name in the cache, but for the key.
  var name: String {
    "\(model.lastPathComponent)-\(precisions.encoder.rawValue)-\(precisions.decoder.rawValue)"
  }

  /// Builds into `output`, which appears whole or not at all.
  func run(into output: URL, progress: (EngineStore.Progress) throws -> Void) throws {
    let builder = EngineBuilder(
      checkpoint: checkpoint, model: modelName, encoderPrecision: precisions.encoder.compute,
      decoderPrecision: precisions.decoder.compute, context: try ComputeContext(threads: threads))
    try builder.build(into: output, companions: tokenizerFiles) {
      try progress(.written(done: $0, total: $1))
    }
  }

  /// The files that a tokenizer may be read from, in the folder of a model.
  private var tokenizerFiles: [URL] {
    guard folderHolding(model) == model else { return [] }
    return Tokenizer.fileNames.map { model.appending(path: $0) }
      .filter { FileManager.default.fileExists(atPath: $0.path(percentEncoded: false)) }
  }
}

/// A folder's own URL, or that of the folder that a file lies in.
func folderHolding(_ url: URL) -> URL {
  let isFolder = (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
  return isFolder ? url : url.deletingLastPathComponent()
}

/// An engine in memory.
struct LoadedEngine {
  let folder: URL
  let model: WhisperModel
  /// Keeps the engine from being removed by `swiftlet cache clean`; nil if it can't be had.
  let lease: FolderLease?
  /// Where the engine lies if it is not kept. Whoever reads its tokenizer holds on to this until then.
  private let temporary: TemporaryFolder?

  init(folder: URL, temporary: TemporaryFolder? = nil) throws {
    self.folder = folder
    self.temporary = temporary
    lease = FolderLease(folder)
    model = try WhisperModel(engine: folder)
  }

  /// An engine that may be removed at any moment, unless this returns one.
  init(cached folder: URL) throws {
    self.folder = folder
    temporary = nil
    guard let lease = FolderLease(folder) else {
      throw EngineError.notAnEngine(
        folder: folder.path(percentEncoded: false), missing: EngineFormat.description)
    }
    self.lease = lease
    model = try WhisperModel(engine: folder)
  }
}

/// A folder that is removed with this object.
final class TemporaryFolder: Sendable {
  let url: URL

  /// - Parameter parent: where the folder is to be made; that is left to whoever needs it.
  init(in parent: URL) {
    url = parent.appending(path: "swiftlet-engine-\(UUID().uuidString)", directoryHint: .isDirectory)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
