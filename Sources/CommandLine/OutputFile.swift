// Files that a command writes besides its result.

import ArgumentParser
import Foundation

enum OutputFile {
  /// Finds out before the work begins whether its results will have a place.
  ///
  /// - Throws: `ValidationError`.
  static func check(_ paths: [String?]) throws {
    for path in paths.compactMap({ $0 }) {
      let folder = URL(filePath: path).deletingLastPathComponent().path
      guard FileManager.default.isWritableFile(atPath: folder) else {
        throw ValidationError("\(path): there is no folder \(folder) to write to.")
      }
    }
  }

  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  static func write(_ data: Data, to path: String) throws {
    do {
      try data.write(to: URL(filePath: path))
    } catch {
      StandardError.message("Error: \(path) cannot be written: \(error.localizedDescription)")
      throw ExitCode.outputFailed
    }
  }
}
