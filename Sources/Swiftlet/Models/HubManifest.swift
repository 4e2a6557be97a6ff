// What the cache knows of a model that came from the Hugging Face hub.

import Foundation
import SwiftletFiles

/// `repository.json` in a model's folder: where its files are from, and how to tell that they are all there.
///
/// The file's own time is that of the last look at whether the revision has moved on.
struct HubManifest: Codable, Hashable, Sendable {
  struct File: Codable, Hashable, Sendable {
    var name: String
    var bytes: Int64
    /// `sha256:…` or `git:…`; nil if the hub says neither.
    var digest: String?
  }

  static let fileName = "repository.json"

  var repository: String
  /// A branch, tag or commit, as it was asked for.
  var revision: String
  /// What it stood for.
  var commit: String
  var files: [File] = []

  /// Of the model in `folder`; nil if that is no model of the hub.
  init?(in folder: URL) {
    guard let data = try? Data(contentsOf: folder.appending(path: Self.fileName)),
      let manifest = try? JSONDecoder().decode(Self.self, from: data)
    else { return nil }
    self = manifest
  }

  init(_ repository: HubRepository, commit: String) {
    self.repository = repository.name
    revision = repository.revision ?? "main"
    self.commit = commit
  }

  /// - Throws: `cannotWrite`.
  func write(in folder: URL) throws(ModelError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let file = folder.appending(path: Self.fileName)
    do {
      try encoder.encode(self).write(to: file, options: .atomic)
    } catch {
      throw .cannotWrite(path: file.path, reason: fileErrorReason(error))
    }
  }

  /// Whether every file is in `folder`, in its full length.
  func isComplete(in folder: URL) -> Bool {
    !files.isEmpty
      && files.allSatisfy { file in
        let values = try? folder.appending(path: file.name).resourceValues(forKeys: [.fileSizeKey])
        return values?.fileSize.map(Int64.init) == file.bytes
      }
  }

  /// Seconds after which a branch or tag is looked at again when its model is used.
  static let checkInterval: TimeInterval = 86_400

  /// When the manifest in `folder` was last compared with the hub.
  static func lastCheck(in folder: URL) -> Date? {
    try? folder.appending(path: fileName).resourceValues(forKeys: [.contentModificationDateKey])
      .contentModificationDate
  }

  /// Notes that it was compared at `date`, where that can be written: nothing but the next look depends on it.
  static func noteCheck(in folder: URL, at date: Date = Date()) {
    try? FileManager.default.setAttributes(
      [.modificationDate: date], ofItemAtPath: folder.appending(path: fileName).path)
  }
}
