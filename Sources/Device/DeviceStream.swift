// Work for a GPU, done in the order in which it was asked for.

import CDevice

/// A queue of copies and launches. One thread uses it at a time.
///
/// Nothing that is asked for is done when a method returns, except by ``synchronize()``: buffers must live until then.
package final class DeviceStream: @unchecked Sendable {
  package let device: Device
  let handle: swiftlet_handle

  init(_ device: Device) throws(DeviceError) {
    self.device = device
    var stream: swiftlet_handle?
    try device.call("cuStreamCreate") { $0.create_stream(&stream, UInt32(swiftlet_stream_independent)) }
    guard let stream else {
      throw .failed(call: "cuStreamCreate", device: device.name, reason: "it gave no stream")
    }
    handle = stream
  }

  deinit { device.release { $0.destroy_stream(handle) } }

  /// Waits until all that was asked for is done.
  ///
  /// - Throws: ``DeviceError/lost(device:reason:)`` if any of it failed.
  package func synchronize() throws(DeviceError) {
    try device.call("cuStreamSynchronize") { $0.synchronize(handle) }
  }

  /// Copies `bytes` bytes from `source`, which must stay as it is until then.
  package func copy(
    from source: HostBuffer, sourceOffset: Int = 0, to target: DeviceBuffer, targetOffset: Int = 0, bytes: Int
  ) throws(DeviceError) {
    precondition(sourceOffset >= 0 && sourceOffset + bytes <= source.bytes)
    precondition(targetOffset >= 0 && targetOffset + bytes <= target.bytes)
    guard bytes > 0 else { return }
    try device.call("cuMemcpyHtoDAsync") {
      $0.copy_to_device(target.address + UInt64(targetOffset), source.base + sourceOffset, bytes, handle)
    }
  }

  /// Copies memory of the program's own, which may change once this returns: weights, once.
  package func upload(
    _ source: UnsafeRawBufferPointer, to target: DeviceBuffer, at offset: Int = 0
  ) throws(DeviceError) {
    precondition(offset >= 0 && offset + source.count <= target.bytes)
    guard let base = source.baseAddress, source.count > 0 else { return }
    try device.call("cuMemcpyHtoDAsync") {
      $0.copy_to_device(target.address + UInt64(offset), base, source.count, handle)
    }
  }

  /// Copies `bytes` bytes to `target`, whose contents are not defined until the stream has been waited for.
  package func copy(
    from source: DeviceBuffer, sourceOffset: Int = 0, to target: HostBuffer, targetOffset: Int = 0, bytes: Int
  ) throws(DeviceError) {
    precondition(sourceOffset >= 0 && sourceOffset + bytes <= source.bytes)
    precondition(targetOffset >= 0 && targetOffset + bytes <= target.bytes)
    guard bytes > 0 else { return }
    try device.call("cuMemcpyDtoHAsync") {
      $0.copy_to_host(target.base + targetOffset, source.address + UInt64(sourceOffset), bytes, handle)
    }
  }

  package func copy(
    from source: DeviceBuffer, sourceOffset: Int = 0, to target: DeviceBuffer, targetOffset: Int = 0,
    bytes: Int
  ) throws(DeviceError) {
    precondition(sourceOffset >= 0 && sourceOffset + bytes <= source.bytes)
    precondition(targetOffset >= 0 && targetOffset + bytes <= target.bytes)
    guard bytes > 0 else { return }
    try device.call("cuMemcpyDtoDAsync") {
      $0.copy_on_device(
        target.address + UInt64(targetOffset), source.address + UInt64(sourceOffset), bytes, handle)
    }
  }

  /// Sets bytes of `target` to `value`.
  package func fill(
    _ target: DeviceBuffer, with value: UInt8 = 0, at offset: Int = 0, bytes: Int? = nil
  ) throws(DeviceError) {
    let bytes = bytes ?? target.bytes - offset
    precondition(offset >= 0 && offset + bytes <= target.bytes)
    guard bytes > 0 else { return }
    try device.call("cuMemsetD8Async") { $0.fill(target.address + UInt64(offset), value, bytes, handle) }
  }

  /// Launches a kernel with its structure of arguments.
  package func launch<Arguments: BitwiseCopyable>(
    _ launch: KernelLaunch<Arguments>
  ) throws(DeviceError) {
    guard launch.grid.x > 0, launch.grid.y > 0, launch.grid.z > 0 else { return }
    let kernel = try device.kernel(launch.name)
    var arguments = launch.arguments
    try device.call("cuLaunchKernelEx, \(launch.name),") { functions in
      withUnsafeMutablePointer(to: &arguments) { arguments in
        var pointer: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(arguments)
        var shape = swiftlet_launch(
          grid_x: UInt32(launch.grid.x), grid_y: UInt32(launch.grid.y), grid_z: UInt32(launch.grid.z),
          block_x: UInt32(launch.threads), block_y: 1, block_z: 1, shared_bytes: UInt32(launch.sharedBytes),
          stream: handle, attributes: nil, attribute_count: 0)
        return functions.launch(&shape, kernel.function, &pointer, nil)
      }
    }
  }

  /// Notes this moment of the stream.
  package func record(_ event: DeviceEvent) throws(DeviceError) {
    try device.call("cuEventRecord") { $0.record_event(event.handle, handle) }
  }

  /// Lets what follows wait until another stream has come to the moment that `event` notes.
  package func wait(for event: DeviceEvent) throws(DeviceError) {
    try device.call("cuStreamWaitEvent") { $0.wait_for_event(handle, event.handle, 0) }
  }

  /// Records what `body` asks this stream for, without doing it.
  ///
  /// Buffers that it uses must outlive the graph, and kernels must have been launched or asked for before: compiling them is not
  /// allowed meanwhile.
  package func capture(_ body: () throws(DeviceError) -> Void) throws(DeviceError) -> Graph {
    try device.call("cuStreamBeginCapture") { $0.begin_capture(handle, Int32(swiftlet_capture_this_thread)) }
    var failure: DeviceError?
    do throws(DeviceError) {
      try body()
    } catch {
      failure = error
    }
    // A capture has to be ended even if it is broken.
    var recorded: swiftlet_handle?
    do throws(DeviceError) {
      try device.call("cuStreamEndCapture") { $0.end_capture(handle, &recorded) }
    } catch {
      throw failure ?? error
    }
    defer { if let recorded { device.release { $0.destroy_graph(recorded) } } }
    if let failure { throw failure }
    guard let recorded else {
      throw .failed(call: "cuStreamEndCapture", device: device.name, reason: "it gave no graph")
    }
    return try Graph(recorded, device)
  }

  /// Does what a graph recorded, as one launch.
  package func launch(_ graph: Graph) throws(DeviceError) {
    try device.call("cuGraphLaunch") { $0.launch_graph(graph.executable, handle) }
  }
}

/// A moment of a stream.
package final class DeviceEvent: @unchecked Sendable {
  private let device: Device
  let handle: swiftlet_handle

  /// - Parameter isTimed: whether the time between two of them can be asked for, which costs some.
  package init(_ device: Device, isTimed: Bool = false) throws(DeviceError) {
    self.device = device
    var event: swiftlet_handle?
    try device.call("cuEventCreate") {
      $0.create_event(&event, isTimed ? 0 : UInt32(swiftlet_event_no_times))
    }
    guard let event else {
      throw .failed(call: "cuEventCreate", device: device.name, reason: "it gave no event")
    }
    handle = event
  }

  deinit { device.release { $0.destroy_event(handle) } }

  /// Waits until the GPU has come to it.
  package func synchronize() throws(DeviceError) {
    try device.call("cuEventSynchronize") { $0.synchronize_event(handle) }
  }

  /// Seconds from `earlier` to this event; both must have been waited for.
  package func seconds(since earlier: DeviceEvent) throws(DeviceError) -> Double {
    var milliseconds: Float = 0
    try device.call("cuEventElapsedTime") { $0.elapsed_time(&milliseconds, earlier.handle, handle) }
    return Double(milliseconds) / 1_000
  }
}

/// Launches and copies that were recorded once, and are launched as one.
package final class Graph: @unchecked Sendable {
  private let device: Device
  let executable: swiftlet_handle

  fileprivate init(_ graph: swiftlet_handle, _ device: Device) throws(DeviceError) {
    self.device = device
    var executable: swiftlet_handle?
    try device.call("cuGraphInstantiate") { $0.instantiate_graph(&executable, graph, 0) }
    guard let executable else {
      throw .failed(call: "cuGraphInstantiate", device: device.name, reason: "it gave no graph")
    }
    self.executable = executable
  }

  deinit { device.release { $0.destroy_executable(executable) } }
}
