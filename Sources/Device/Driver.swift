// NVIDIA's driver, or one that a test puts in its place.

package import CDevice

/// A table of the driver's functions that has been found usable.
package struct Driver: Sendable {
  let functions: swiftlet_driver
  /// The newest CUDA that it supports.
  package let version: String

  /// The oldest CUDA that reads our PTX, as the driver counts.
  private static let oldestVersion: Int32 = 12_000

  /// Opens the system's driver.
  ///
  /// - Parameter library: another library's name, for tests.
  /// - Throws: ``DeviceError/noDriver(reason:)``, ``DeviceError/driverTooOld(version:missing:)``,
  ///   ``DeviceError/driverFailed(reason:)``.
  package static func system(library: String? = nil) throws(DeviceError) -> Driver {
    let capacity = 512
    // Every field is a function, so that there is no empty table: it is made where C fills it.
    let table = UnsafeMutablePointer<swiftlet_driver>.allocate(capacity: 1)
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
    defer {
      table.deallocate()
      text.deallocate()
    }
    text.pointee = 0
    switch swiftlet_find_driver(library, table, text, capacity) {
    case swiftlet_driver_found: return try Driver(table.pointee)
    case swiftlet_driver_too_old: throw .driverTooOld(version: nil, missing: String(cString: text))
    default: throw .noDriver(reason: String(cString: text))
    }
  }

  /// - Throws: ``DeviceError/driverTooOld(version:missing:)``, ``DeviceError/driverFailed(reason:)``,
  ///   ``DeviceError/noDevices``.
  package init(_ functions: swiftlet_driver) throws(DeviceError) {
    self.functions = functions
    var number: Int32 = 0
    // The version first: a driver that is too old may not start.
    if functions.driver_version(&number) == 0 {
      version = "\(number / 1000).\(number % 1000 / 10)"
      guard number >= Self.oldestVersion else { throw .driverTooOld(version: version, missing: nil) }
    } else {
      version = "unknown"
    }
    let code = functions.initialize(0)
    if code == swiftlet_no_device { throw .noDevices }
    guard code == 0 else { throw .driverFailed(reason: reason(code)) }
  }

  /// How many GPUs there are.
  package func deviceCount() throws(DeviceError) -> Int {
    var count: Int32 = 0
    let code = functions.device_count(&count)
    if code == swiftlet_no_device { return 0 }
    guard code == 0 else { throw .driverFailed(reason: reason(code)) }
    return Int(count)
  }

  /// What the driver says of a code.
  func reason(_ code: Int32) -> String {
    func text(_ function: (Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>) -> Int32) -> String? {
      var pointer: UnsafePointer<CChar>?
      guard function(code, &pointer) == 0, let pointer else { return nil }
      return String(cString: pointer)
    }
    let name = text { functions.error_name($0, $1) } ?? "error \(code)"
    guard let sentence = text({ functions.error_string($0, $1) }) else { return name }
    return "\(sentence) (\(name))"
  }
}
