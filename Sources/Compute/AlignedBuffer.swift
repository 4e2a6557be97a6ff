// Memory that starts on a cache line.

/// A block of floats that starts on a 64-byte boundary, zeroed when it is made and freed with its owner.
package final class AlignedBuffer {
  package let count: Int
  package let floats: UnsafeMutablePointer<Float>

  package init(count: Int) {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
    self.count = count
    floats = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    floats.initialize(repeating: 0, count: count)
  }

  deinit { UnsafeMutableRawPointer(floats).deallocate() }
}
