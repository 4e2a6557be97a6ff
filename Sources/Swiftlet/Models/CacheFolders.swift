// What is done with folders of the cache.

import Foundation
import SwiftletFiles

/// Makes a folder and those it lies in, as far as they are missing.
func makeFolder(_ url: URL) throws(ModelError) {
  do {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  } catch {
    throw .cannotWrite(path: url.path, reason: fileErrorReason(error))
  }
}

/// Bytes of a file, or of all files in a folder.
func size(of url: URL) -> Int64 {
  let keys: Set<URLResourceKey> = [.fileSizeKey, .isRegularFileKey]
  let files = FileManager.default.enumerator(at: url, includingPropertiesForKeys: Array(keys))
  var size: Int64 = 0
  for file in [url] + (files.map { Array($0) } ?? []).compactMap({ $0 as? URL }) {
    let values = try? file.resourceValues(forKeys: keys)
    if values?.isRegularFile == true { size += Int64(values?.fileSize ?? 0) }
  }
  return size
}

/// Removes a folder, which is gone in one step: nobody ever finds half of it under its name.
func removeFolder(_ url: URL) throws(ModelError) {
  let aside = url.deletingLastPathComponent().appending(
    path: ".\(url.lastPathComponent).\(UUID().uuidString).old")
  do {
    let isHidden = url.lastPathComponent.hasPrefix(".")
    if !isHidden { try FileManager.default.moveItem(at: url, to: aside) }
    try FileManager.default.removeItem(at: isHidden ? url : aside)
  } catch {
    throw .cannotWrite(path: url.path, reason: fileErrorReason(error))
  }
}

/// Puts a folder in the place of another. Between two renamings nothing has the name; if the process is killed there, what
/// was there before can be fetched again.
func replaceFolder(_ old: URL, with new: URL) throws(ModelError) {
  let aside = old.deletingLastPathComponent().appending(
    path: ".\(old.lastPathComponent).\(UUID().uuidString).old")
  do {
    try FileManager.default.moveItem(at: old, to: aside)
    try FileManager.default.moveItem(at: new, to: old)
  } catch {
    throw .cannotWrite(path: old.path, reason: fileErrorReason(error))
  }
  try? FileManager.default.removeItem(at: aside)
}

/// Removes a folder that holds no byte. Of a download that failed, only what can be gone on with stays.
func removeIfEmpty(_ folder: URL) {
  if size(of: folder) == 0 { try? FileManager.default.removeItem(at: folder) }
}
