// Memory that starts on a cache line.

/// A block of bytes that starts on a 64-byte boundary, zeroed when it is made and freed with its owner.
package final class AlignedBuffer {
  package let byteCount: Int
  package let base: UnsafeMutableRawPointer

  package init(byteCount: Int) {
    self.byteCount = byteCount
    base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { base.deallocate() }
}
