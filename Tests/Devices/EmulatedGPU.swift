// GPUs of the emulator's driver.

import CDevice
package import EmulatedDevice
package import SwiftletDevice

extension Driver {
  /// The driver of all emulated GPUs.
  package static func emulated() throws(DeviceError) -> Driver { try Driver(emulated_driver().pointee) }
}

extension Device {
  /// A new GPU, which stays until the program ends.
  package static func emulated(
    change: (inout emulated_settings) -> Void = { _ in }
  ) throws(DeviceError) -> Device {
    try Device(.emulated(), index: addEmulatedGPU(change: change))
  }
}

/// Adds a GPU.
///
/// - Returns: its number.
package func addEmulatedGPU(change: (inout emulated_settings) -> Void = { _ in }) -> Int {
  var settings = emulated_defaults()
  change(&settings)
  return Int(emulated_add(settings))
}
