// One GPU: its context, its memory, its kernels.

import CDevice
import Synchronization

/// A GPU that this process uses, through the context that all users of the driver in a process share.
///
/// May be used by any thread. It is released when the last buffer, stream and kernel of it is gone.
package final class Device: @unchecked Sendable {
  package let driver: Driver
  package let index: Int
  package let name: String
  /// Such as 8.0 for an A100, 9.0 for an H100.
  package let capability: (major: Int, minor: Int)
  package let multiprocessors: Int
  package let totalMemory: Int
  private let handle: Int32
  private let context: swiftlet_handle

  private struct State {
    var lost: DeviceError?
    var modules: [String: swiftlet_handle] = [:]
    var kernels: [String: Kernel] = [:]
  }
  private let state = Mutex(State())

  /// - Throws: ``DeviceError``.
  package init(_ driver: Driver, index: Int = 0) throws(DeviceError) {
    let functions = driver.functions
    let count = try driver.deviceCount()
    guard count > 0 else { throw .noDevices }
    guard (0..<count).contains(index) else { throw .noSuchDevice(index: index, count: count) }
    func check(_ code: Int32, _ call: String, _ name: String) throws(DeviceError) {
      if code != 0 { throw .failed(call: call, device: name, reason: driver.reason(code)) }
    }
    let title = "GPU \(index)"
    var handle: Int32 = 0
    try check(functions.device(&handle, Int32(index)), "cuDeviceGet", title)
    var bytes = [CChar](repeating: 0, count: 128)
    try check(functions.device_name(&bytes, 128, handle), "cuDeviceGetName", title)
    let name = "GPU \(index) (\(bytes.withUnsafeBufferPointer { string($0) }))"
    func attribute(_ number: Int) throws(DeviceError) -> Int {
      var value: Int32 = 0
      try check(functions.device_attribute(&value, Int32(number), handle), "cuDeviceGetAttribute", name)
      return Int(value)
    }
    capability = (
      major: try attribute(swiftlet_attribute_major), minor: try attribute(swiftlet_attribute_minor)
    )
    guard capability.major >= 8 else {
      throw .deviceTooOld(name: name, capability: "\(capability.major).\(capability.minor)")
    }
    multiprocessors = try attribute(swiftlet_attribute_multiprocessors)
    var memory = 0
    try check(functions.device_memory(&memory, handle), "cuDeviceTotalMem", name)
    totalMemory = memory
    var context: swiftlet_handle?
    try check(functions.retain_context(&context, handle), "cuDevicePrimaryCtxRetain", name)
    guard let context else {
      throw .failed(call: "cuDevicePrimaryCtxRetain", device: name, reason: "it gave no context")
    }
    (self.driver, self.index, self.name, self.handle, self.context) = (driver, index, name, handle, context)
  }

  deinit {
    _ = driver.functions.set_context(context)
    let modules = state.withLock { $0.modules }
    for module in modules.values { _ = driver.functions.unload_module(module) }
    _ = driver.functions.release_context(handle)
  }

  /// Memory that nobody has taken yet, in bytes.
  package func availableMemory() throws(DeviceError) -> Int {
    var available = 0
    var total = 0
    try call("cuMemGetInfo") { $0.memory_info(&available, &total) }
    return available
  }

  /// Takes memory, whose contents are not defined.
  ///
  /// - Parameter purpose: what it is for, as an error says it: "the weights of the encoder".
  /// - Throws: ``DeviceError/outOfMemory(what:bytes:available:total:device:)`` and others.
  package func makeBuffer(bytes: Int, for purpose: String) throws(DeviceError) -> DeviceBuffer {
    precondition(bytes > 0)
    var address: UInt64 = 0
    let code = try attempt { $0.allocate(&address, bytes) }
    if code == swiftlet_out_of_memory {
      let available = try availableMemory()
      throw .outOfMemory(
        what: purpose, bytes: bytes, available: available, total: totalMemory, device: name)
    }
    try check(code, "cuMemAlloc")
    return DeviceBuffer(self, address: address, bytes: bytes)
  }

  /// Takes memory of the host's that the GPU copies from and to while the host does other things.
  package func makeHostBuffer(bytes: Int) throws(DeviceError) -> HostBuffer {
    precondition(bytes > 0)
    var address: UnsafeMutableRawPointer?
    try call("cuMemHostAlloc") { $0.allocate_host(&address, bytes, 0) }
    guard let address else {
      throw .failed(call: "cuMemHostAlloc", device: name, reason: "it gave no memory")
    }
    return HostBuffer(self, base: address, bytes: bytes)
  }

  package func makeStream() throws(DeviceError) -> DeviceStream { try DeviceStream(self) }

  /// The kernel of that name, compiled for this GPU the first time it or a neighbour in its file is asked for.
  ///
  /// - Throws: ``DeviceError/noSuchKernel(_:)``, ``DeviceError/kernelsRefused(file:device:reason:)``, and others.
  package func kernel(_ name: String) throws(DeviceError) -> Kernel {
    let result = state.withLock { state -> Result<Kernel, DeviceError> in
      if let lost = state.lost { return .failure(lost) }
      if let kernel = state.kernels[name] { return .success(kernel) }
      do throws(DeviceError) {
        let kernel = try load(name, modules: &state.modules)
        state.kernels[name] = kernel
        return .success(kernel)
      } catch {
        if case .lost = error { state.lost = error }
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Called with the lock, so that nothing here may take it.
  private func load(
    _ name: String, modules: inout [String: swiftlet_handle]
  ) throws(DeviceError) -> Kernel {
    guard let ptx = swiftlet_ptx_of(name) else { throw .noSuchKernel(name) }
    let file = String(cString: ptx.pointee.name)
    let module: swiftlet_handle
    if let loaded = modules[file] {
      module = loaded
    } else {
      module = try loadModule(ptx.pointee, file)
      modules[file] = module
    }
    var function: swiftlet_handle?
    let context = driver.functions.set_context(context)
    let code = context == 0 ? driver.functions.function(&function, module, name) : context
    guard code == 0, let function else { throw failure(code, "cuModuleGetFunction") }
    return Kernel(name: name, function: function)
  }

  private func loadModule(_ ptx: swiftlet_ptx, _ file: String) throws(DeviceError) -> swiftlet_handle {
    let capacity = 4_096
    let log = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
    defer { log.deallocate() }
    log.initialize(repeating: 0, count: capacity)
    var options = [Int32(swiftlet_jit_error_text), Int32(swiftlet_jit_error_bytes)]
    var values = [UnsafeMutableRawPointer(log), UnsafeMutableRawPointer(bitPattern: capacity)]
    var module: swiftlet_handle?
    let context = driver.functions.set_context(context)
    let code = context == 0 ? driver.functions.load_module(&module, ptx.text, 2, &options, &values) : context
    if code == 0, let module { return module }
    let error = failure(code, "cuModuleLoadDataEx")
    if case .lost = error { throw error }
    let text = String(cString: log)
    throw .kernelsRefused(file: file, device: name, reason: text.isEmpty ? driver.reason(code) : text)
  }

  // MARK: Calls

  /// Calls the driver with this GPU's context.
  func call(_ name: String, _ body: (swiftlet_driver) -> Int32) throws(DeviceError) {
    try check(try attempt(body), name)
  }

  /// The same, for callers that look at the code themselves.
  private func attempt(_ body: (swiftlet_driver) -> Int32) throws(DeviceError) -> Int32 {
    if let lost = state.withLock({ $0.lost }) { throw lost }
    let code = driver.functions.set_context(context)
    return code == 0 ? body(driver.functions) : code
  }

  /// The same, where nobody can be told: memory and streams that are given up.
  func release(_ body: (swiftlet_driver) -> Int32) {
    _ = driver.functions.set_context(context)
    _ = body(driver.functions)
  }

  private func check(_ code: Int32, _ call: String) throws(DeviceError) {
    guard code != 0 else { return }
    let error = failure(code, call)
    // Every later call would return the same code.
    if case .lost = error { state.withLock { $0.lost = error } }
    throw error
  }

  private func failure(_ code: Int32, _ call: String) -> DeviceError {
    let reason = driver.reason(code)
    return Self.isLoss(code)
      ? .lost(device: name, reason: reason) : .failed(call: call, device: name, reason: reason)
  }

  /// Codes after which a context is of no use: an error that memory couldn't correct, and those of kernels that failed.
  private static func isLoss(_ code: Int32) -> Bool {
    code == 214 || code == 999 || ((700..<720).contains(code) && code != 701 && code != 704 && code != 705)
  }
}

private func string(_ characters: UnsafeBufferPointer<CChar>) -> String {
  String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
