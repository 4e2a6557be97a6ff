// Files that a command writes besides its result.

import ArgumentParser
import Foundation
import Swiftlet

enum OutputFile {
  /// Finds out before the work begins whether its results will have a place.
  ///
  /// - Throws: `ValidationError`.
  static func check(_ paths: [String?]) throws {
    for file in paths.compactMap({ $0.map(LocalFile.init) }) where !file.folder.isWritable {
      throw ValidationError(
        "\(file.displayedPath): there is no folder \(file.folder.displayedPath) to write to.")
    }
  }

  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  static func write(_ data: Data, to path: String) throws {
    do {
      try LocalFile(path).write(data)
    } catch {
      StandardError.message("Error: \(LocalFile(path).displayedPath) cannot be written: \(error).")
      throw ExitCode.outputFailed
    }
  }
}
