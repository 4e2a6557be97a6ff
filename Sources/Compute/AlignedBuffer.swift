// Memory that starts on a cache line.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A block of bytes that starts on a 64-byte boundary, zeroed when it is made and freed with its owner.
package final class AlignedBuffer {
  package let byteCount: Int
  package let base: UnsafeMutableRawPointer
  /// Bytes that were mapped, to be unmapped again; 0 if the block is the heap's.
  private let mappedBytes: Int

  /// Blocks from this size on are worth pages of their own.
  private static let leastMapped = 1 << 16

  /// - Parameter isSparse: whether much of it may never be used. The system then gives memory to those pages alone that are
  ///   written to, and has it back as soon as the block is freed.
  package init(byteCount: Int, isSparse: Bool = false) {
    self.byteCount = byteCount
    if isSparse, byteCount >= Self.leastMapped,
      let pages = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0),
      pages != MAP_FAILED
    {
      base = pages
      mappedBytes = byteCount
    } else {
      base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
      base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
      mappedBytes = 0
    }
  }

  deinit {
    if mappedBytes > 0 { munmap(base, mappedBytes) } else { base.deallocate() }
  }
}
