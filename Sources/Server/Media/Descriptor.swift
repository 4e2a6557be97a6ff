// Open files that close themselves.

#if Server
import Foundation
import Swiftlet

/// An open file, closed when it is released.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// Opens a file for reading.
  ///
  /// - Parameter name: stands for it in messages.
  static func opening(_ path: String, name: String? = nil) throws -> Descriptor {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else {
      throw SwiftletError(
        .unreadableAudio, "\(name ?? path) can't be read: \(String(cString: strerror(errno))).")
    }
    return Descriptor(number)
  }

  /// A new file without a name, which goes when it is closed.
  static func spool(in folder: URL) throws -> Descriptor {
    var path = Array(folder.appending(path: "sound-XXXXXX").path(percentEncoded: false).utf8CString)
    let number = mkstemp(&path)
    guard number >= 0 else {
      throw SwiftletError(
        .fileNotWritten,
        "Decoded audio can't be stored in \(folder.path): \(String(cString: strerror(errno))).")
    }
    unlink(path)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    return Descriptor(number)
  }
}
#endif
