// The networks that tests run over: on the processor's cores, and on an emulated GPU.

import CDevice
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletDevice
import SwiftletTestDevices
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

/// A network whose inner results can be looked at.
protocol TestNetwork: Network {
  /// The audio features of a window, fp32, `[positions, audioWidth]`.
  func features(of window: EncoderInput) throws -> [Float]
  /// What the decoder hears of features that were recorded or made up.
  func memory(of features: [Float], at positions: EncoderPositions) throws -> AudioMemory
  /// The final hidden states of the first rows of the last step, fp32.
  func states(rows: Int) throws -> [Float]
}

/// What a network runs on.
enum Processor: Sendable, CustomTestStringConvertible {
  case cpu(Way)
  case gpu

  static let all = Way.all.map { Processor.cpu($0) } + emulated
  /// Every instruction set once, and the GPU.
  static let single = InstructionSet.available.map { Processor.cpu(Way(isa: $0, threads: 2)) } + emulated
  /// One of each kind.
  static let kinds = Array(single.prefix(1)) + emulated

  private static let emulated: [Processor] = TestTier.emulatesDevices && !TestTier.isFast ? [.gpu] : []

  var testDescription: String {
    switch self {
    case .cpu(let way): way.testDescription
    case .gpu: "an emulated GPU"
    }
  }

  var isEmulated: Bool {
    if case .gpu = self { true } else { false }
  }

  func network(_ model: WhisperModel) throws -> any TestNetwork {
    switch self {
    case .cpu(let way): try CPUNetwork(model, context: way.context())
    case .gpu: try DeviceNetwork(model, on: .emulated())
    }
  }

  func network(_ precision: Precision) throws -> any TestNetwork {
    try network(EngineFixture.model(precision))
  }
}

extension CPUNetwork: TestNetwork {
  func features(of window: EncoderInput) throws -> [Float] {
    try encode(window)
    return features.values(rows: encoder.outputPositions.rows)
  }

  func memory(of features: [Float], at positions: EncoderPositions) -> AudioMemory {
    let memory = makeAudioMemory()
    attend(to: Matrix(columns: dimensions.audioWidth, values: features), at: positions, with: memory)
    return memory
  }

  func states(rows: Int) -> [Float] { decoder.workspace.states.values(rows: rows) }
}

extension DeviceNetwork: TestNetwork {
  func features(of window: EncoderInput) throws -> [Float] {
    let plan = window.positions ?? .exact(positions: dimensions.audioContext)
    try prepare([makeAudioMemory()], [plan])
    try encoder.encode([window])
    return try normalized(encoder.residual, encoder.places.norm, encoder.weights, rows: plan.rows)
  }

  func memory(of features: [Float], at positions: EncoderPositions) throws -> AudioMemory {
    let memory = makeAudioMemory()
    try prepare([memory], [positions])
    try put(features, into: encoder.features, encoder.featurePrecision)
    try decoder.listen(to: encoder, windows: 1)
    try stream.synchronize()
    return memory
  }

  func states(rows: Int) throws -> [Float] {
    try normalized(decoder.residual, decoder.places.norm, decoder.weights, rows: rows)
  }

  /// The last normalization of rows of the residual stream, in fp32.
  private func normalized(
    _ residual: DeviceBuffer, _ norm: DeviceNormalization, _ weights: DeviceWeights, rows: Int
  ) throws -> [Float] {
    let width = dimensions.audioWidth
    let result = try stream.device.makeBuffer(bytes: 4 * rows * width, for: "a test")
    let arguments = swiftlet_normalize_arguments(
      x: residual.address, gamma: weights.address(norm.gamma), beta: weights.address(norm.beta),
      c: result.address, sources: 0, counts: 0, x_step: UInt64(width), x_window: 0, c_step: UInt64(width),
      c_window: 0, rows: Int32(rows), width: Int32(width), flags: Int32(swiftlet_result_fp32),
      epsilon: LayerNormalization.epsilon)
    try stream.launch(.normalize(.fp32, arguments))
    return try floats(in: result, count: rows * width)
  }

  func put(_ values: [Float], into buffer: DeviceBuffer, _ precision: DevicePrecision) throws {
    let host = try stream.device.makeHostBuffer(bytes: values.count * precision.bytes)
    write(values, precision, to: host.base)
    try stream.copy(from: host, to: buffer, bytes: host.bytes)
    try stream.synchronize()
  }

  func floats(in buffer: DeviceBuffer, from first: Int = 0, count: Int) throws -> [Float] {
    let host = try stream.device.makeHostBuffer(bytes: 4 * count)
    try stream.copy(from: buffer, sourceOffset: 4 * first, to: host, bytes: host.bytes)
    try stream.synchronize()
    return Array(UnsafeRawBufferPointer(start: host.base, count: host.bytes).bindMemory(to: Float.self))
  }
}
