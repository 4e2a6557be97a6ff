// A lock between processes.

package import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An exclusive `flock` on a file. The system lets go of it when the process ends, however it ends, so
/// nothing is ever left locked; the file itself stays.
package struct FileLock {
  private let handle: FileHandle

  /// Waits until nobody else holds the lock; `waiting` is called once if that takes time.
  ///
  /// - Throws: `ModelError.cannotWrite` if the file cannot be made; `cancelled` if the task is.
  package init(_ file: URL, model: String, waiting: () -> Void) async throws(ModelError) {
    let descriptor = try Self.openFile(file)
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var isFirst = true
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw .cannotWrite(path: file.path, reason: String(cString: strerror(errno)))
      }
      if isFirst { waiting() }
      isFirst = false
      do {
        try await Task.sleep(for: .milliseconds(200))
      } catch {
        throw .cancelled(model: model)
      }
    }
    self.handle = handle
  }

  /// Blocks the calling thread until nobody else holds the lock.
  ///
  /// - Throws: `ModelError.cannotWrite`.
  init(blockingFor file: URL) throws(ModelError) {
    let descriptor = try Self.openFile(file)
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        throw .cannotWrite(path: file.path, reason: String(cString: strerror(errno)))
      }
    }
  }

  private static func openFile(_ file: URL) throws(ModelError) -> CInt {
    let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: file.path, reason: String(cString: strerror(errno)))
    }
    return descriptor
  }

  /// Lets the next one in.
  package func release() { try? handle.close() }
}
