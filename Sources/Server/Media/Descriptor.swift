// Open files that close themselves, and are watched.

#if Server
import Dispatch
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

/// A source of events about a descriptor, which any thread may cancel; Dispatch does not say so on Linux.
final class Watch: @unchecked Sendable {
  private let source: any DispatchSourceProtocol

  private init(
    _ source: any DispatchSourceProtocol, event: @escaping @Sendable (Watch) -> Void,
    end: @escaping @Sendable () -> Void
  ) {
    self.source = source
    // Kept until it is cancelled.
    source.setEventHandler { event(self) }
    source.setCancelHandler(handler: end)
    source.activate()
  }

  /// Calls `event` whenever there is something to read, or nothing will ever be; and `end` once it is cancelled.
  static func reading(
    _ descriptor: Int32, event: @escaping @Sendable (Watch) -> Void, end: @escaping @Sendable () -> Void
  ) -> Watch {
    let queue = DispatchQueue(label: "swiftlet.media", qos: .userInitiated)
    return Watch(
      DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue), event: event, end: end)
  }

  /// Calls `event` whenever there is room for bytes.
  static func writing(
    _ descriptor: Int32, event: @escaping @Sendable (Watch) -> Void, end: @escaping @Sendable () -> Void
  ) -> Watch {
    let queue = DispatchQueue(label: "swiftlet.media", qos: .userInitiated)
    return Watch(
      DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue), event: event, end: end)
  }

  func cancel() { source.cancel() }
}
#endif
