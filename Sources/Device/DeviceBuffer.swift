// Memory of a GPU's, and memory of the host's that it can reach.

/// A stretch of a GPU's memory, which is given back with the last reference to it.
package final class DeviceBuffer: Sendable {
  package let device: Device
  /// What kernels' arguments hold. The driver aligns it to 256 bytes, the emulator to 16, and 16 is all that kernels need.
  package let address: UInt64
  package let bytes: Int

  init(_ device: Device, address: UInt64, bytes: Int) {
    self.device = device
    self.address = address
    self.bytes = bytes
  }

  deinit { device.release { $0.release(address) } }
}

/// Pinned memory of the host's.
///
/// What is written here is read by a copy that was asked for when the copy runs, not before: it must stay as it is until the
/// stream has been waited for.
package final class HostBuffer: @unchecked Sendable {
  package let device: Device
  package let base: UnsafeMutableRawPointer
  package let bytes: Int

  init(_ device: Device, base: UnsafeMutableRawPointer, bytes: Int) {
    self.device = device
    self.base = base
    self.bytes = bytes
  }

  deinit { device.release { $0.release_host(base) } }
}
