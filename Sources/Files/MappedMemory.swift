// A file in memory, mapped read-only and shared with every process that maps it.

package import Foundation

/// The bytes of a file, mapped. Pages are read when they are touched, and are the same for all processes.
///
/// Like every mapping, it is only as good as the file: if another process cuts the file short while it is
/// being read, the system ends this process. Writers therefore replace files and do not rewrite them.
package final class MappedMemory: @unchecked Sendable {
  package let base: UnsafeRawPointer
  package let byteCount: Int

  /// - Throws: what the system says; `EINVAL` for a file without a byte.
  package init(path: String) throws(SystemError) {
    let descriptor = path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw SystemError() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemError() }
    byteCount = Int(status.st_size)
    guard let mapping = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0), mapping != MAP_FAILED
    else { throw SystemError() }
    base = UnsafeRawPointer(mapping)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }

  /// The bytes, not copied; they keep the file mapped.
  package var data: Data {
    Data(
      bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: byteCount,
      deallocator: .custom { _, _ in withExtendedLifetime(self) {} })
  }
}
