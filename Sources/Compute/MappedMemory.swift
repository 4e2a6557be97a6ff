// A file in memory, mapped read-only and shared with every process that maps it.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of a file, mapped. Pages are read when they are touched, and are the same for all processes.
package final class MappedMemory: @unchecked Sendable {
  package let base: UnsafeRawPointer
  package let byteCount: Int

  /// - Throws: ``ComputeError/notMapped(file:reason:)``.
  package init(path: String) throws(ComputeError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .notMapped(file: path, reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0 else {
      throw .notMapped(file: path, reason: "it is empty")
    }
    byteCount = Int(status.st_size)
    guard let mapping = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0), mapping != MAP_FAILED
    else { throw .notMapped(file: path, reason: String(cString: strerror(errno))) }
    base = UnsafeRawPointer(mapping)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
}
