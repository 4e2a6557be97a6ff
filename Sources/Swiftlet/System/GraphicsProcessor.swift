// The NVIDIA GPUs of this machine, and what they reach.

package import SwiftletDevice

/// A GPU that a model could run on.
package struct GraphicsProcessor: Sendable {
  private let device: Device

  /// All GPUs, in the driver's order, each with the reason where it can't be used, and the newest CUDA that the driver supports.
  ///
  /// - Throws: ``SwiftletError`` if there is no driver, it is too old, or it finds no GPU.
  package static func all(
    driver: () throws -> Driver = { try Driver.system() }
  ) throws -> (cuda: String, processors: [Result<GraphicsProcessor, any Error>]) {
    try throwingPublicErrors {
      let driver = try driver()
      let count = try driver.deviceCount()
      guard count > 0 else { throw DeviceError.noDevices }
      let processors = (0..<count).map { index in
        Result {
          try throwingPublicErrors { GraphicsProcessor(device: try Device(driver, index: index)) }
        }
      }
      return (driver.version, processors)
    }
  }

  /// With its number.
  package var name: String { device.name }
  /// Such as 9.0.
  package var computeCapability: String { "\(device.capability.major).\(device.capability.minor)" }
  package var multiprocessors: Int { device.multiprocessors }
  /// In bytes.
  package var memory: Int { device.totalMemory }
  package var freeMemory: Int {
    get throws { try throwingPublicErrors { try device.availableMemory() } }
  }

  /// What it reaches, measured by its own clock.
  package struct Limits: Sendable {
    /// Operations a second in registers alone; a multiply and an add are two.
    package var operations: [EnginePrecision: Double]
    /// Bytes a second, read and written together.
    package var bandwidth: Double
    /// Seconds that a kernel costs that does nothing, one of many in a graph.
    package var launch: Double
  }

  /// - Parameters:
  ///   - bytes: that are copied.
  ///   - rounds: of products; the more, the longer it takes.
  package func limits(bytes: Int = 1 << 28, rounds: Int = 4_096) throws -> Limits {
    try throwingPublicErrors {
      let ceilings = DeviceCeilings(try device.makeStream())
      return Limits(
        operations: [
          .fp32: try ceilings.operations(.fp32, rounds: rounds),
          .fp16: try ceilings.operations(.fp16, rounds: rounds),
          .bf16: try ceilings.operations(.bf16, rounds: rounds),
        ],
        bandwidth: try ceilings.bandwidth(bytes: bytes), launch: try ceilings.launchSeconds())
    }
  }
}
