// A reader under test: where it begins, and what it does with an input.

import Foundation

/// Something that reads files, or text, which others made.
struct Reader: Sendable {
  let name: String
  /// Inputs that the reader accepts, from which the damaged ones are made.
  let seeds: @Sendable () throws -> [Data]
  /// Sets up what all inputs share, and gives what is called with each input. What that throws is a bug: the reader's
  /// own errors are caught in it.
  let prepare: @Sendable () throws -> (UnsafeRawBufferPointer) throws -> Void

  static let all = checkpoints + vocabularies + engines + evaluation + audio

  static func named(_ name: String) -> Reader? { all.first { $0.name == name } }
}

/// A folder in which the input of each round replaces that of the last.
///
/// `make fuzz` puts it into memory (TMPDIR) and removes it.
final class Scratch {
  let url: URL

  /// - Parameter companions: files that stay as they are.
  init(companions: [URL] = []) throws {
    url = FileManager.default.temporaryDirectory.appending(path: "swiftlet-fuzzing-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for file in companions {
      try FileManager.default.copyItem(at: file, to: url.appending(path: file.lastPathComponent))
    }
  }

  /// Writes the pieces one after the other into a file and gives its place.
  @discardableResult
  func write(_ pieces: UnsafeRawBufferPointer..., as name: String) throws -> URL {
    try write(pieces, as: name)
  }

  @discardableResult
  func write(_ pieces: [UnsafeRawBufferPointer], as name: String) throws -> URL {
    let file = url.appending(path: name)
    // A new file, as a reader may still have the last one mapped.
    unlink(file.path)
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    defer { close(descriptor) }
    for piece in pieces {
      guard Foundation.write(descriptor, piece.baseAddress, piece.count) == piece.count else {
        throw POSIXError(.EIO)
      }
    }
    return file
  }
}

/// A property of what was read does not hold.
struct Broken: Error { let what: String }

/// Throws unless `condition` holds.
func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Broken(what: what()) }
}
