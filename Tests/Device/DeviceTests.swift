// The host's side: drivers that are missing or too old, memory, streams, events, graphs, a GPU that is lost.

import CDevice
import EmulatedDevice
import Foundation
import SwiftletDevice
import SwiftletTestSupport
import Testing

@Suite struct DriverTests {
  @Test func saysThatThereIsNoDriver() {
    let error = #expect(throws: DeviceError.self) {
      try Driver.system(library: "libswiftlet-no-such-driver.so.1")
    }
    guard case .noDriver(let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("libswiftlet-no-such-driver.so.1"))
    #expect(error?.description.hasSuffix("Install the driver, or run on the CPU.") == true)
  }

  /// A library that is there and has none of the functions: the first of them is named.
  @Test func namesTheFunctionThatADriverLacks() {
    #if os(macOS)
    let library = "/usr/lib/libz.dylib"
    #else
    let library = "libm.so.6"
    #endif
    #expect(throws: DeviceError.driverTooOld(version: nil, missing: "cuInit")) {
      try Driver.system(library: library)
    }
  }

  @Test func refusesADriverThatIsTooOld() {
    var table = emulated_driver().pointee
    table.driver_version = { version in
      version.pointee = 11_080
      return 0
    }
    // It must not be asked to start.
    table.initialize = { _ in 999 }
    let error = #expect(throws: DeviceError.driverTooOld(version: "11.8", missing: nil)) { try Driver(table) }
    #expect(
      error?.description
        == "The NVIDIA driver is too old: it supports CUDA 11.8, and 12.0 (driver 525 or newer) is needed.")
  }

  @Test func saysWhyADriverCannotStart() {
    var table = emulated_driver().pointee
    table.initialize = { _ in 2 }
    #expect(throws: DeviceError.driverFailed(reason: "out of memory (CUDA_ERROR_OUT_OF_MEMORY)")) {
      try Driver(table)
    }
    table.initialize = { _ in 12_345 }
    #expect(throws: DeviceError.driverFailed(reason: "error 12345")) { try Driver(table) }
  }

  @Test func saysThatThereIsNoGPU() throws {
    var table = emulated_driver().pointee
    table.initialize = { _ in 100 }
    #expect(throws: DeviceError.noDevices) { try Driver(table) }
    table.initialize = { _ in 0 }
    table.device_count = { count in
      count.pointee = 0
      return 0
    }
    let driver = try Driver(table)
    #expect(try driver.deviceCount() == 0)
    #expect(throws: DeviceError.noDevices) { try Device(driver) }
    table.device_count = { count in
      count.pointee = 2
      return 0
    }
    let error = #expect(throws: DeviceError.noSuchDevice(index: 2, count: 2)) {
      try Device(Driver(table), index: 2)
    }
    #expect(error?.description == "There is no GPU 2: the NVIDIA driver finds 2, numbered from 0.")
  }

  @Test func refusesAGPUThatIsTooOld() {
    let error = #expect(throws: DeviceError.self) {
      try Bench {
        $0.major = 7
        $0.minor = 5
      }
    }
    #expect(
      error?.description.hasSuffix("its compute capability is 7.5, and 8.0 (Ampere) or newer is needed.")
        == true)
  }

  /// The system's own driver, if there is one, or else the reason.
  @Test func opensTheSystemsDriver() {
    do {
      _ = try Driver.system()
    } catch {
      #expect(!"\(error)".isEmpty)
    }
  }
}

@Suite struct DeviceTests {
  @Test func knowsItsGPU() throws {
    let bench = try Bench { $0.memory = 5_000_000 }
    #expect(bench.device.name == "GPU \(bench.index) (Emulated GPU \(bench.index))")
    #expect(bench.device.capability == (8, 0))
    #expect(bench.device.multiprocessors == 108)
    #expect(bench.device.totalMemory == 5_000_000)
    #expect(try bench.device.availableMemory() == 5_000_000)
  }

  @Test func namesTheSizesOfWhatDoesNotFit() throws {
    let bench = try Bench { $0.memory = 3_000_000 }
    let first = try bench.device.makeBuffer(bytes: 1_000_448, for: "a test")
    let error = #expect(throws: DeviceError.self) {
      try bench.device.makeBuffer(bytes: 2_500_000, for: "the weights of the encoder")
    }
    #expect(
      error?.description
        == "\(bench.device.name) has not enough memory for the weights of the encoder: 2.5 MB are needed, "
        + "and 2.0 MB of 3.0 MB are free.")
    // Nothing is lost by it.
    _ = try bench.device.makeBuffer(bytes: 1_900_000, for: "a test")
    _ = first
  }

  @Test func givesEverythingBack() throws {
    let index: Int32
    do {
      let bench = try Bench()
      index = Int32(bench.index)
      let host = try bench.device.makeHostBuffer(bytes: 10)
      let event = try DeviceEvent(bench.device)
      try bench.stream.record(event)
      #expect(try bench.checkCopy().problems == [])
      let buffer = try bench.space(4)
      let graph = try bench.stream.capture { () throws(DeviceError) in try bench.stream.fill(buffer) }
      let counts = bench.counts
      #expect(
        counts.allocations > 1 && counts.host_allocations == 1 && counts.streams == 1 && counts.events == 1)
      #expect(counts.modules == 1 && counts.graphs == 1 && counts.contexts == 1)
      _ = (host, graph)
    }
    let counts = emulated_count(index)
    #expect(counts.allocations == 0 && counts.bytes == 0)
    #expect(counts.host_allocations == 0 && counts.streams == 0 && counts.events == 0)
    #expect(counts.modules == 0 && counts.graphs == 0 && counts.contexts == 0)
  }

  @Test func copiesArriveWhenTheStreamHasBeenWaitedFor() throws {
    let bench = try Bench()
    let (device, stream) = (bench.device, bench.stream)
    let source = try device.makeHostBuffer(bytes: 8)
    let target = try device.makeHostBuffer(bytes: 8)
    let buffer = try device.makeBuffer(bytes: 8, for: "a test")
    source.base.storeBytes(of: 1, as: UInt64.self)
    target.base.storeBytes(of: 7, as: UInt64.self)
    try stream.copy(from: source, to: buffer, bytes: 8)
    try stream.copy(from: buffer, to: target, bytes: 8)
    // What is there now is neither the old nor the new.
    #expect(target.base.load(as: UInt64.self) == .max)
    // A pinned source is read when the copy runs.
    source.base.storeBytes(of: 2, as: UInt64.self)
    try stream.synchronize()
    #expect(target.base.load(as: UInt64.self) == 2)
    // A program's own memory may go as soon as the call returns.
    var mine: UInt64 = 3
    try withUnsafeBytes(of: &mine) { try stream.upload($0, to: buffer) }
    mine = 4
    try stream.copy(from: buffer, to: target, bytes: 8)
    try stream.synchronize()
    #expect(target.base.load(as: UInt64.self) == 3)
    try stream.fill(buffer, with: 0xAB, at: 2, bytes: 3)
    let other = try device.makeBuffer(bytes: 16, for: "a test")
    try stream.copy(from: buffer, to: other, targetOffset: 8, bytes: 8)
    try stream.copy(from: other, sourceOffset: 8, to: target, bytes: 8)
    try stream.synchronize()
    #expect(target.base.load(as: UInt64.self) == 0xAB_ABAB_0003)
  }

  /// Without the event the second stream would often run first.
  @Test(arguments: UInt64(1)...10)
  func streamsWaitForEvents(_ seed: UInt64) throws {
    let bench = try Bench(seed: seed)
    let second = try bench.device.makeStream()
    let buffer = try bench.device.makeBuffer(bytes: 4, for: "a test")
    let target = try bench.device.makeHostBuffer(bytes: 4)
    let event = try DeviceEvent(bench.device)
    for value in UInt8(1)...5 {
      try bench.stream.fill(buffer, with: value)
      try bench.stream.record(event)
      try second.wait(for: event)
      try second.copy(from: buffer, to: target, bytes: 4)
      try second.synchronize()
      #expect(target.base.load(as: UInt32.self) == UInt32(value) * 0x0101_0101)
    }
  }

  @Test func graphsDoAgainWhatWasRecorded() throws {
    let bench = try Bench()
    let (device, stream) = (bench.device, bench.stream)
    let tokens = try device.makeHostBuffer(bytes: 8)
    let descriptor = try device.makeBuffer(bytes: 8, for: "a test")
    let result = try device.makeBuffer(bytes: 8, for: "a test")
    let output = try device.makeHostBuffer(bytes: 8)
    let table = try bench.upload([1, 2, 3].map(Float.init))
    let places = try bench.upload([10, 20] as [Float])
    let positions = try bench.upload([0, 1] as [Int])
    let launch = KernelLaunch.embed(
      .fp32,
      swiftlet_embed_arguments(
        table: table.address, smoothing: 0, places: places.address, tokens: descriptor.address,
        positions: positions.address, c: result.address, c_step: 1, width: 1, reserved: 0), rows: 2)
    // Compiling is not allowed while a graph is recorded.
    #expect(throws: DeviceError.self) {
      try stream.capture { () throws(DeviceError) in try stream.launch(launch) }
    }
    _ = try device.kernel("embed_fp32")
    let graph = try stream.capture { () throws(DeviceError) in
      try stream.copy(from: tokens, to: descriptor, bytes: 8)
      try stream.launch(launch)
      try stream.copy(from: result, to: output, bytes: 8)
    }
    let launches = bench.counts.launches
    for first in [Int32(0), 2, 1] {
      tokens.base.storeBytes(of: first, as: Int32.self)
      tokens.base.storeBytes(of: 2 - first, toByteOffset: 4, as: Int32.self)
      try stream.launch(graph)
      try stream.synchronize()
      #expect(output.base.load(as: Float.self) == Float(first + 1) + 10)
      #expect(output.base.load(fromByteOffset: 4, as: Float.self) == Float(3 - first) + 20)
    }
    #expect(bench.counts.launches == launches)
  }

  @Test func waitingBreaksARecording() throws {
    let bench = try Bench()
    #expect(throws: DeviceError.self) {
      try bench.stream.capture { () throws(DeviceError) in try bench.stream.synchronize() }
    }
    #expect(throws: DeviceError.self) {
      try bench.stream.capture { () throws(DeviceError) in
        _ = try bench.device.makeBuffer(bytes: 8, for: "a test")
      }
    }
    // The stream is as good as before.
    _ = try bench.stream.capture { () throws(DeviceError) in }
    #expect(try bench.checkCopy().problems == [])
  }

  @Test func aLostGPUIsSaidToBeLost() throws {
    let bench = try Bench()
    let buffer = try bench.space(4)
    emulated_fail(Int32(bench.index), "cuStreamSynchronize", 2, Int32(swiftlet_illegal_address))
    try bench.stream.synchronize()
    let lost = DeviceError.lost(
      device: bench.device.name,
      reason: "an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS)")
    #expect(throws: lost) { try bench.stream.synchronize() }
    // For good, with the same sentence, and whatever is asked for.
    #expect(throws: lost) { try bench.stream.fill(buffer) }
    #expect(throws: lost) { try bench.device.makeBuffer(bytes: 1, for: "a test") }
    #expect(throws: lost) { try bench.device.kernel("nothing") }
    #expect(
      lost.description.hasPrefix(
        "GPU \(bench.index) (Emulated GPU \(bench.index)) failed and can't be used any more"))
  }

  /// Another GPU of the same process is not affected.
  @Test func aKernelThatReadsOutsideLosesTheGPU() throws {
    let bench = try Bench()
    let other = try Bench()
    let tokens = try bench.upload([1_000_000] as [Int])
    let memory = try bench.space(8)
    try bench.stream.launch(
      .embed(
        .fp32,
        swiftlet_embed_arguments(
          table: memory.address, smoothing: 0, places: memory.address, tokens: tokens.address,
          positions: tokens.address, c: memory.address, c_step: 8, width: 8, reserved: 0), rows: 1))
    let error = #expect(throws: DeviceError.self) { try bench.stream.synchronize() }
    guard case .lost = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(bench.report.hasPrefix("embed_fp32, block (0, 0, 0), thread "))
    #expect(bench.report.hasSuffix("an access outside of all buffers"))
    #expect(try other.checkCopy().problems == [])
  }

  @Test(arguments: [
    "cuDevicePrimaryCtxRetain", "cuStreamCreate", "cuMemAlloc_v2", "cuMemHostAlloc", "cuMemcpyHtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2", "cuModuleLoadDataEx", "cuModuleGetFunction", "cuLaunchKernelEx",
    "cuCtxSetCurrent",
    "cuDeviceGetName", "cuDeviceGetAttribute", "cuDeviceTotalMem_v2",
  ])
  func everyFailureBecomesAnError(_ function: String) throws {
    let index = emulated_add(emulated_defaults())
    emulated_fail(index, function, 1, 1)
    let error = #expect(throws: DeviceError.self) {
      let device = try Device(Driver(emulated_driver().pointee), index: Int(index))
      let stream = try device.makeStream()
      let buffer = try device.makeBuffer(bytes: 4, for: "a test")
      let host = try device.makeHostBuffer(bytes: 4)
      try stream.copy(from: host, to: buffer, bytes: 4)
      try stream.copy(from: buffer, to: host, bytes: 4)
      try stream.launch(.embed(.fp32, .init(), rows: 1))
    }
    #expect(error?.description.contains("invalid argument (CUDA_ERROR_INVALID_VALUE)") == true)
    let counts = emulated_count(index)
    #expect(counts.allocations == 0 && counts.streams == 0 && counts.host_allocations == 0)
  }

  @Test func saysWhyKernelsAreRefused() throws {
    let bench = try Bench()
    var table = emulated_driver().pointee
    table.load_module = { _, _, count, options, values in
      for i in 0..<Int(count) where options?[i] == Int32(swiftlet_jit_error_text) {
        values?[i]?.copyMemory(from: "no such instruction", byteCount: 20)
      }
      return 218
    }
    let device = try Device(Driver(table), index: bench.index)
    #expect(
      throws: DeviceError.kernelsRefused(file: "memory", device: device.name, reason: "no such instruction")
    ) { try device.kernel("copy_cache") }
    #expect(throws: DeviceError.noSuchKernel("copy")) { try bench.device.kernel("copy") }
  }

  /// Names, arguments and threads of the committed PTX are those of the sources that the emulator runs.
  @Test func everyKernelOfThePTXIsLoaded() throws {
    let bench = try Bench()
    var count = 0
    let all = swiftlet_all_ptx(&count)
    var names: [String] = []
    for file in UnsafeBufferPointer(start: all, count: count) {
      let text = String(decoding: UnsafeRawBufferPointer(start: file.text, count: file.bytes), as: UTF8.self)
      #expect(text.contains(".version 8.0") && text.contains(".target sm_80"))
      for piece in text.components(separatedBy: ".entry ").dropFirst() {
        names.append(String(piece.prefix { $0 != "(" }))
      }
    }
    for name in names { #expect(try bench.device.kernel(name).name == name) }
    #expect(names.count == Set(names).count && names.count == 43)
  }

  @Test func ceilingsAreMeasured() throws {
    let bench = try Bench()
    let ceilings = DeviceCeilings(bench.stream)
    #expect(try ceilings.bandwidth(bytes: 4_096) > 0)
    #expect(try ceilings.launchSeconds(count: 3) > 0)
  }

  @Test(.enabled(if: runsSlowTests, "not one of the fast tests"), arguments: DevicePrecision.allCases)
  func ceilingsOfProductsAreMeasured(_ precision: DevicePrecision) throws {
    let bench = try Bench { $0.multiprocessors = 1 }
    #expect(try DeviceCeilings(bench.stream).operations(precision, rounds: 2) > 0)
  }
}
