// A network's weights in the order in which a GPU's kernels read them.

import CDevice
import SwiftletCompute
import SwiftletDevice

/// A linear layer: where its weights, `[columns][depth]`, and its bias, fp32, lie among the weights.
struct DeviceLinear {
  let weights: Int
  let bias: Int?
  let columns: Int
  let depth: Int
}

/// A layer normalization: where its scale and shift lie among the weights.
struct DeviceNormalization {
  let gamma: Int
  let beta: Int
}

/// Where each weight is going to lie, so that all are one allocation whose size is known before it is taken.
struct DeviceWeightPlan {
  fileprivate enum Item {
    case panels(PackedLinear, DevicePrecision, offset: Int)
    case floats([Float], offset: Int)
  }
  fileprivate private(set) var items: [Item] = []
  private(set) var bytes = 0

  mutating func add(_ linear: PackedLinear, _ precision: DevicePrecision) -> DeviceLinear {
    let weights = place(linear.columns * linear.depth * precision.bytes)
    items.append(.panels(linear, precision, offset: weights))
    return DeviceLinear(
      weights: weights, bias: linear.bias.map { add($0, linear.columns) }, columns: linear.columns,
      depth: linear.depth)
  }

  mutating func add(_ norm: LayerNormalization) -> DeviceNormalization {
    DeviceNormalization(gamma: add(norm.gamma, norm.width), beta: add(norm.beta, norm.width))
  }

  mutating func add(_ values: [Float]) -> Int {
    let offset = place(4 * values.count)
    items.append(.floats(values, offset: offset))
    return offset
  }

  mutating func add(_ values: UnsafePointer<Float>, _ count: Int) -> Int {
    add(Array(UnsafeBufferPointer(start: values, count: count)))
  }

  private mutating func place(_ size: Int) -> Int {
    defer { bytes += (size + 255) / 256 * 256 }
    return bytes
  }
}

/// All weights of a network.
struct DeviceWeights {
  private let memory: DeviceBuffer

  /// So many bytes of panels are on their way at a time, or one panel if that is more.
  private static let stagedBytes = 16 << 20

  /// Copies weights as they are stored; the GPU turns panels to rows.
  init(_ plan: DeviceWeightPlan, stream: DeviceStream) throws(DeviceError) {
    let device = stream.device
    memory = try device.makeBuffer(bytes: plan.bytes, for: "the weights")
    let linears = plan.items.compactMap { item -> PackedLinear? in
      if case .panels(let linear, _, _) = item { linear } else { nil }
    }
    let bytes = linears.map { max($0.panelBytes, min($0.panels * $0.panelBytes, Self.stagedBytes)) }.max()
    let columns = linears.map { $0.panels * PackedLinear.panelColumns }.max()
    let staged = try device.makeBuffer(bytes: bytes ?? 1, for: "loading the weights")
    let scales = try device.makeBuffer(bytes: 4 * (columns ?? 1), for: "loading the weights")
    for item in plan.items {
      switch item {
      case .floats(let values, let offset): try upload(values, to: memory, at: offset, stream)
      case .panels(let linear, let precision, let offset):
        try repack(linear, precision, at: offset, staged: staged, scales: scales, stream)
      }
    }
    try stream.synchronize()
  }

  private func repack(
    _ linear: PackedLinear, _ precision: DevicePrecision, at offset: Int, staged: DeviceBuffer,
    scales: DeviceBuffer, _ stream: DeviceStream
  ) throws(DeviceError) {
    let width = PackedLinear.panelColumns
    if let values = linear.scales {
      let bytes = UnsafeRawBufferPointer(start: values, count: 4 * linear.panels * width)
      try stream.upload(bytes, to: scales)
    }
    let panelsAtOnce = staged.bytes / linear.panelBytes
    for first in stride(from: 0, to: linear.panels, by: panelsAtOnce) {
      let panels = min(panelsAtOnce, linear.panels - first)
      let bytes = UnsafeRawBufferPointer(
        start: linear.weights + first * linear.panelBytes, count: panels * linear.panelBytes)
      try stream.upload(bytes, to: staged)
      let column = first * width
      try stream.launch(
        .repack(
          precision,
          swiftlet_repack_arguments(
            panels: staged.address, scales: linear.scales == nil ? 0 : scales.address + UInt64(4 * column),
            c: address(offset + column * linear.depth * precision.bytes), terms: UInt64(linear.depth),
            c_step: UInt64(linear.depth), columns: Int32(min(panels * width, linear.columns - column)),
            depth: Int32(linear.depth), source: Int32(linear.precision.panelType), reserved: 0)))
    }
  }

  func address(_ offset: Int) -> UInt64 { memory.address + UInt64(offset) }
  /// Null where there is nothing.
  func address(_ offset: Int?) -> UInt64 { offset.map { memory.address + UInt64($0) } ?? 0 }
}

/// Copies an array, which may change once this returns.
func upload<Value: BitwiseCopyable>(
  _ values: [Value], to target: DeviceBuffer, at offset: Int = 0, _ stream: DeviceStream
) throws(DeviceError) {
  try values.withUnsafeBufferPointer { (values) throws(DeviceError) in
    try stream.upload(UnsafeRawBufferPointer(values), to: target, at: offset)
  }
}

extension Precision {
  /// What a GPU computes with where an engine has this precision.
  var onDevice: DevicePrecision {
    switch self {
    case .fp32: .fp32
    case .fp16: .fp16
    case .bf16, .int8: .bf16
    }
  }

  fileprivate var panelType: Int {
    switch self {
    case .fp32: swiftlet_panel_fp32
    case .fp16: swiftlet_panel_fp16
    case .bf16: swiftlet_panel_bf16
    case .int8: swiftlet_panel_int8
    }
  }
}
