// Numbers that the host writes before a launch and kernels read.

import SwiftletDevice

/// Lists of 32 bits each, in pinned memory and on the GPU.
final class DeviceTable {
  /// Whether what was asked for may still have to read the host's numbers: they must not change until the stream has been waited
  /// for.
  var isInUse = false
  private let offsets: [Int]
  private let host: HostBuffer
  private let device: DeviceBuffer
  private let stream: DeviceStream

  /// - Parameter lengths: of the lists.
  init(_ lengths: [Int], for purpose: String, stream: DeviceStream) throws(DeviceError) {
    var offsets: [Int] = []
    var count = 0
    for length in lengths {
      offsets.append(count)
      count += length
    }
    self.offsets = offsets
    self.stream = stream
    host = try stream.device.makeHostBuffer(bytes: 4 * count)
    host.base.initializeMemory(as: Int32.self, repeating: 0, count: count)
    device = try stream.device.makeBuffer(bytes: 4 * count, for: purpose)
  }

  func address(_ list: Int) -> UInt64 { device.address + UInt64(4 * offsets[list]) }

  /// Waits, if need be, until the numbers may change.
  func open() throws(DeviceError) {
    guard isInUse else { return }
    try stream.synchronize()
    isInUse = false
  }

  func set(_ list: Int, _ index: Int, _ value: Int) {
    set(list, index, bits: UInt32(truncatingIfNeeded: value))
  }
  func set(_ list: Int, _ index: Int, _ value: Float) { set(list, index, bits: value.bitPattern) }

  private func set(_ list: Int, _ index: Int, bits: UInt32) {
    host.base.storeBytes(of: bits, toByteOffset: 4 * (offsets[list] + index), as: UInt32.self)
  }

  /// Copies all lists, as they are when the copy runs.
  func copy() throws(DeviceError) { try stream.copy(from: host, to: device, bytes: host.bytes) }
}
