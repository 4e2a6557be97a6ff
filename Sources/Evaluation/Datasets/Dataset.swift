// A data set of whatever kind, and how it is told which kind it is.

import Foundation
import SwiftletFiles

/// Utterances, and what of the data set could not be used.
package struct Dataset: Sendable {
  /// The name of its folder or manifest.
  package let name: String
  /// Where it lies, absolute.
  package let path: String
  /// Which part of LibriSpeech it is, whole or not; nil for anything else.
  package let split: LibriSpeechSplit?
  package let utterances: [Utterance]
  package let problems: [DatasetProblem]

  /// Reads what lies at `path`: a manifest, a folder with one, or a LibriSpeech folder at any depth.
  ///
  /// - Parameter allowsEmptyText: whether a manifest's recordings in which nothing is said, with an empty text, are of use;
  ///   otherwise they are problems.
  /// - Throws: a ``DatasetError`` if it is none of these, or nothing in it can be used.
  package static func open(
    _ path: String, allowsEmptyText: Bool = false
  ) throws(DatasetError) -> Dataset {
    let url = URL(filePath: NSString(string: path).expandingTildeInPath).standardizedFileURL
    let name = url.path(percentEncoded: false)
    guard let kind = SystemFiles.kind(of: name) else { throw .noSuchPath(path) }
    let dataset = kind == .folder ? try openFolder(url, allowsEmptyText) : try openFile(url, allowsEmptyText)
    guard !dataset.utterances.isEmpty else {
      throw .noUtterances(path: path, problems: dataset.problems)
    }
    return dataset
  }

  private static func openFile(_ file: URL, _ allowsEmptyText: Bool) throws(DatasetError) -> Dataset {
    let path = file.path(percentEncoded: false)
    if file.pathExtension.lowercased() == "parquet" { throw .parquet(path: path) }
    guard let format = ManifestFormat(file) else { throw .unknownFormat(file: path) }
    let stem = file.deletingPathExtension().lastPathComponent
    let name = stem == "manifest" ? file.deletingLastPathComponent().lastPathComponent : stem
    return try readManifest(file, format, name: name, allowsEmptyText: allowsEmptyText)
  }

  private static func openFolder(_ folder: URL, _ allowsEmptyText: Bool) throws(DatasetError) -> Dataset {
    let path = folder.path(percentEncoded: false)
    let manifests = ManifestFormat.allCases.map { folder.appending(path: "manifest.\($0.rawValue)") }
      .filter { SystemFiles.exists($0.path(percentEncoded: false)) }
    guard manifests.count < 2 else {
      throw .severalManifests(folder: path, names: manifests.map(\.lastPathComponent))
    }
    if let manifest = manifests.first { return try openFile(manifest, allowsEmptyText) }
    let files = try filesBelow(folder)
    let transcripts = files.filter { $0.lastPathComponent.hasSuffix(".trans.txt") }
    guard transcripts.isEmpty else {
      return readLibriSpeech(transcripts, in: folder)
    }
    if files.contains(where: { $0.pathExtension == "parquet" }) { throw .parquet(path: path) }
    throw .nothingKnown(folder: path)
  }

  /// All files below a folder, in the order of their paths.
  private static func filesBelow(_ folder: URL) throws(DatasetError) -> [URL] {
    let path = folder.path(percentEncoded: false)
    do {
      return try SystemFiles.pathsBelow(path).map { folder.appending(path: $0) }
    } catch {
      throw .unreadable(path: path, reason: error.description)
    }
  }
}
