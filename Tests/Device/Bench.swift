// An emulated GPU with one stream, and numbers on their way to it and back.

import CDevice
import EmulatedDevice
import Foundation
import SwiftletBasics
import SwiftletDevice
import SwiftletTestSupport

/// A driver of the emulator's: the one in this program, or one that a test has built.
struct EmulatedDriver: @unchecked Sendable {
  var table: swiftlet_driver
  var add: (emulated_settings) -> Int32
  var report: (Int32) -> String
  var count: (Int32) -> emulated_counts

  static let own = EmulatedDriver(
    table: emulated_driver().pointee, add: { emulated_add($0) },
    report: { String(cString: emulated_report($0)) }, count: { emulated_count($0) })
}

/// A GPU of a test's own.
final class Bench {
  let emulator: EmulatedDriver
  let index: Int
  let device: Device
  let stream: DeviceStream
  private var kept: [DeviceBuffer] = []

  init(
    seed: UInt64 = 1, emulator: EmulatedDriver = .own, change: (inout emulated_settings) -> Void = { _ in }
  ) throws {
    var settings = emulated_defaults()
    settings.seed = seed
    change(&settings)
    self.emulator = emulator
    index = Int(emulator.add(settings))
    device = try Device(Driver(emulator.table), index: index)
    stream = try device.makeStream()
  }

  /// What the emulator found wrong.
  var report: String { emulator.report(Int32(index)) }
  var counts: emulated_counts { emulator.count(Int32(index)) }

  /// Memory that lives as long as the bench, full of NaN.
  func space(_ count: Int, _ precision: DevicePrecision = .fp32) throws -> DeviceBuffer {
    let buffer = try device.makeBuffer(bytes: count * precision.bytes, for: "a test")
    kept.append(buffer)
    return buffer
  }

  func upload(_ values: [Float], _ precision: DevicePrecision = .fp32) throws -> DeviceBuffer {
    let buffer = try space(values.count, precision)
    switch precision {
    case .fp32: try values.withUnsafeBytes { try stream.upload($0, to: buffer) }
    case .fp16: try values.map { floatToHalf($0) }.withUnsafeBytes { try stream.upload($0, to: buffer) }
    case .bf16: try values.map { floatToBFloat16($0) }.withUnsafeBytes { try stream.upload($0, to: buffer) }
    }
    return buffer
  }

  func upload<Value: BitwiseCopyable>(values: [Value]) throws -> DeviceBuffer {
    let buffer = try device.makeBuffer(bytes: values.count * MemoryLayout<Value>.stride, for: "a test")
    kept.append(buffer)
    try values.withUnsafeBytes { try stream.upload($0, to: buffer) }
    return buffer
  }

  func upload(_ values: [Int]) throws -> DeviceBuffer { try upload(values: values.map { Int32($0) }) }

  /// All of a buffer, once everything that was asked for is done.
  func download(_ buffer: DeviceBuffer, _ precision: DevicePrecision = .fp32) throws -> [Float] {
    let host = try device.makeHostBuffer(bytes: buffer.bytes)
    try stream.copy(from: buffer, to: host, bytes: buffer.bytes)
    try stream.synchronize()
    let count = buffer.bytes / precision.bytes
    return switch precision {
    case .fp32:
      Array(UnsafeRawBufferPointer(start: host.base, count: buffer.bytes).bindMemory(to: Float.self))
    case .fp16: (0..<count).map { halfToFloat(host.base.load(fromByteOffset: 2 * $0, as: UInt16.self)) }
    case .bf16: (0..<count).map { bfloat16ToFloat(host.base.load(fromByteOffset: 2 * $0, as: UInt16.self)) }
    }
  }
}

extension DevicePrecision {
  /// The value as this type has it.
  func rounded(_ value: Float) -> Float {
    switch self {
    case .fp32: value
    case .fp16: halfToFloat(floatToHalf(value))
    case .bf16: bfloat16ToFloat(floatToBFloat16(value))
    }
  }

  /// Half of the distance between neighbouring numbers around 1, with a little to spare.
  var roundingError: Double {
    switch self {
    case .fp32: 0x1p-23
    case .fp16: 0x1.01p-11
    case .bf16: 0x1.01p-8
    }
  }
}

/// Numbers that every run makes again, in the type of a matrix.
struct Numbers {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func floats(_ count: Int, _ precision: DevicePrecision = .fp32, within: Float = 1) -> [Float] {
    (0..<count).map { _ in precision.rounded((2 * generator.unit() - 1) * within) }
  }
}

/// Differences between results and double precision.
struct Comparison {
  private(set) var problems: [String] = []
  /// The largest error, as a share of what is allowed.
  private(set) var worst = 0.0

  mutating func expect(
    _ value: Float, near expected: Double, within tolerance: Double, _ place: @autoclosure () -> String
  ) {
    let ratio = abs(Double(value) - expected) / tolerance
    // NaN is not less than anything.
    if ratio < 1 {
      worst = max(worst, ratio)
    } else if problems.count < 5 {
      problems.append("\(place()): \(value) rather than \(expected) ± \(tolerance)")
    }
  }

  /// That a place was not written: memory begins as NaN.
  mutating func expectUntouched(_ value: Float, _ place: @autoclosure () -> String) {
    if !value.isNaN, problems.count < 5 { problems.append("\(place()) was written") }
  }

  mutating func expectSame(_ left: [Float], _ right: [Float], _ place: @autoclosure () -> String) {
    if left.map(\.bitPattern) != right.map(\.bitPattern), problems.count < 5 {
      problems.append("\(place()): other bits")
    }
  }
}

/// x/2 (1 + erf(x/√2)).
func exactGelu(_ x: Double) -> Double { x / 2 * erfc(-x / 2.0.squareRoot()) }
