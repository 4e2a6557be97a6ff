// Which checkpoint an engine in the cache was built from.

import Crypto
import Foundation
import SwiftletBasics
import SwiftletCheckpoints
import SwiftletWhisper

/// A checkpoint's files, their sizes and times: `source.json` in the folder of an engine in the cache.
///
/// The file's own time is that of the engine's last use. Engines of before it was written have none; they get one when they
/// are used.
struct EngineSource: Codable, Hashable, Sendable {
  struct File: Codable, Hashable, Sendable {
    /// Without symbolic links.
    var path: String
    var bytes: Int
    /// Of the last change, in seconds since 2001.
    var modified: Double

    /// The file as it is now; nil if it is gone.
    init?(_ url: URL) {
      let resolved = url.resolvingSymlinksInPath()
      guard
        let values = try? resolved.resourceValues(forKeys: [.fileSizeKey, .contentModificationDateKey]),
        let size = values.fileSize
      else { return nil }
      path = resolved.path(percentEncoded: false)
      bytes = size
      modified = values.contentModificationDate?.timeIntervalSinceReferenceDate ?? 0
    }
  }

  var files: [File]

  /// - Throws: `CheckpointError.notFound` if a file was removed since the checkpoint was opened.
  init(of checkpoint: any Checkpoint) throws {
    files = try checkpoint.files.map {
      guard let file = File($0) else {
        throw CheckpointError.notFound(file: $0.path(percentEncoded: false))
      }
      return file
    }
  }

  var paths: [String] { files.map(\.path) }

  /// Part of an engine's name, so that a checkpoint that changes gets a new engine.
  var key: String {
    var text = "\(EngineFormat.version) \(EngineFormat.packing)\n"
    for file in files { text += "\(file.path) \(file.bytes) \(file.modified)\n" }
    return hexadecimal(SHA256.hash(data: Data(text.utf8)).prefix(6))
  }

  /// Why an engine of this source is of no use any more; nil if the checkpoint is as it was.
  var waste: ModelCache.Item.Waste? {
    let now = files.map { File(URL(filePath: $0.path)) }
    if now.contains(nil) { return .checkpointGone }
    return now == files ? nil : .checkpointChanged
  }

  private static func file(in engine: URL) -> URL { engine.appending(path: "source.json") }

  /// What is recorded of an engine, and when that was last used.
  static func recorded(in engine: URL) -> (source: EngineSource, lastUsed: Date?)? {
    let file = file(in: engine)
    guard let data = try? Data(contentsOf: file),
      let source = try? JSONDecoder().decode(EngineSource.self, from: data)
    else { return nil }
    return (source, try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate)
  }

  /// Records that an engine of this source is used now, where that can be written: nothing but cleaning depends on it.
  func record(in engine: URL) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try? encoder.encode(self).write(to: Self.file(in: engine), options: .atomic)
  }
}

extension ModelCache.Item {
  /// Fills in what is particular to engines.
  mutating func describeEngine() {
    if let recorded = EngineSource.recorded(in: url) {
      source = recorded.source.paths
      lastUsed = recorded.lastUsed
      waste = recorded.source.waste
    }
    guard let description = try? readEngineDescription(in: url) else {
      // A folder without a description is one, too.
      waste = .unreadable
      return
    }
    model = description.model
    precision = description.precisions
  }

  /// SHA-256 of the checkpoint's files.
  static func checkpointDigest(ofEngine engine: URL) -> String? {
    try? readEngineDescription(in: engine).checkpoint
  }
}
