// Files that a command writes besides its result.

import ArgumentParser
import Foundation
import SwiftletFiles

enum OutputFile {
  /// Finds out before the work begins whether its results will have a place.
  ///
  /// - Throws: `ValidationError`.
  static func check(_ paths: [String?]) throws {
    for path in paths.compactMap({ $0 }) where !SystemFiles.isWritable(path.parentFolder) {
      throw ValidationError(
        "\(path.displayedPath): there is no folder \(path.parentFolder.displayedPath) to write to.")
    }
  }

  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  static func write(_ data: Data, to path: String) throws {
    do {
      try SystemFiles.write(Array(data), into: path)
    } catch {
      StandardError.message("Error: \(path.displayedPath) cannot be written: \(error).")
      throw ExitCode.outputFailed
    }
  }
}
