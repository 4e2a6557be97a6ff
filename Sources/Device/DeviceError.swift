// What can go wrong with a GPU, in sentences.

/// An error of the driver's or of a GPU.
package enum DeviceError: Error, Hashable, CustomStringConvertible {
  /// `libcuda.so.1` can't be loaded.
  case noDriver(reason: String)
  /// The driver is older than CUDA 12.0's.
  ///
  /// - Parameters:
  ///   - version: what the driver says it is, if it got that far.
  ///   - missing: the function that it lacks.
  case driverTooOld(version: String?, missing: String?)
  /// The driver can't start; its own reason.
  case driverFailed(reason: String)
  /// There is a driver, and no GPU.
  case noDevices
  case noSuchDevice(index: Int, count: Int)
  /// The GPU lacks instructions that every kernel needs.
  case deviceTooOld(name: String, capability: String)
  /// What was asked for does not fit.
  case outOfMemory(what: String, bytes: Int, available: Int, total: Int, device: String)
  /// The driver refuses our kernels.
  case kernelsRefused(file: String, device: String, reason: String)
  case noSuchKernel(String)
  /// The GPU is of no more use to this process: a kernel failed, or the hardware.
  case lost(device: String, reason: String)
  /// Any other call that failed.
  case failed(call: String, device: String, reason: String)

  package var description: String {
    switch self {
    case .noDriver(let reason):
      "There is no NVIDIA driver: libcuda.so.1 can't be loaded (\(reason)). Install the driver, or run on the CPU."
    case .driverTooOld(let version?, _):
      "The NVIDIA driver is too old: it supports CUDA \(version), and 12.0 (driver 525 or newer) is needed."
    case .driverTooOld(nil, let missing):
      "The NVIDIA driver is too old: it lacks \(missing ?? "a function"). Driver 525 or newer (CUDA 12.0) is needed."
    case .driverFailed(let reason):
      "The NVIDIA driver can't start: \(reason)."
    case .noDevices:
      "The NVIDIA driver finds no GPU."
    case .noSuchDevice(let index, let count):
      "There is no GPU \(index): the NVIDIA driver finds \(count), numbered from 0."
    case .deviceTooOld(let name, let capability):
      "\(name) is too old: its compute capability is \(capability), and 8.0 (Ampere) or newer is needed."
    case .outOfMemory(let what, let bytes, let available, let total, let device):
      "\(device) has not enough memory for \(what): \(megabytes(bytes)) are needed, and \(megabytes(available)) of "
        + "\(megabytes(total)) are free."
    case .kernelsRefused(let file, let device, let reason):
      "The NVIDIA driver can't compile \(file).ptx for \(device): \(reason)."
    case .noSuchKernel(let name):
      "There is no kernel \(name)."
    case .lost(let device, let reason):
      "\(device) failed and can't be used any more by this process: \(reason)."
    case .failed(let call, let device, let reason):
      "\(device): \(call) failed: \(reason)."
    }
  }
}

private func megabytes(_ bytes: Int) -> String {
  let tenths = (bytes * 10 + 500_000) / 1_000_000
  return tenths < 100 ? "\(tenths / 10).\(tenths % 10) MB" : "\((bytes + 500_000) / 1_000_000) MB"
}
