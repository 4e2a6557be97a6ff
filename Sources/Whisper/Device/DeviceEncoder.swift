// The encoder on a GPU: log-mel spectrograms of several windows to audio features.

import CDevice
import Foundation
import SwiftletBasics
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletDevice

/// Whisper's encoder (see ``AudioEncoder``) as a list of launches, each for all windows.
final class DeviceEncoder {
  private let dimensions: ModelDimensions
  private let precision: DevicePrecision
  let places: Places
  let weights: DeviceWeights
  private let stream: DeviceStream
  /// The convolutions' rows with a row of zeros before and after each window's: `[windows][1 + frames + 1][melBins]`, and
  /// `[windows][1 + frames + 1][width]`.
  private let mel: DeviceBuffer
  let convolved: DeviceBuffer
  /// The residual stream, `[windows][positions][width]`, fp32.
  let residual: DeviceBuffer
  let normalized: DeviceBuffer
  private let projected: DeviceBuffer
  private let attended: DeviceBuffer
  private let hidden: DeviceBuffer
  /// Audio features, `[windows][positions][width]`, in the decoder's precision.
  let features: DeviceBuffer
  let featurePrecision: DevicePrecision
  /// The lists of ``List``.
  private let table: DeviceTable
  private let melOnHost: HostBuffer

  /// What the windows of a pass look at, and where their keys and values go.
  enum List: Int {
    /// `[windows]`: rows of each.
    case counts
    /// `[windows]`: the audio slot of each.
    case slots
    /// `[windows][positions]`: the position that each row is of, and the logarithm of how many it stands for.
    case sources
    case bias
  }

  struct Layer {
    let attentionNorm: DeviceNormalization
    let queryKeyValue: DeviceLinear
    let out: DeviceLinear
    let feedForwardNorm: DeviceNormalization
    let first: DeviceLinear
    let second: DeviceLinear
  }

  /// Where the weights lie.
  struct Places {
    let firstConvolution: DeviceLinear
    let secondConvolution: DeviceLinear
    let positions: Int
    let layers: [Layer]
    let norm: DeviceNormalization

    init(_ encoder: AudioEncoder, in plan: inout DeviceWeightPlan) throws(EngineError) {
      let precision = encoder.precision.onDevice
      firstConvolution = plan.add(encoder.firstConvolution, precision)
      secondConvolution = plan.add(encoder.secondConvolution, precision)
      positions = plan.add(try encoder.positions().values)
      var layers: [Layer] = []
      for layer in encoder.layers {
        layers.append(
          Layer(
            attentionNorm: plan.add(layer.attentionNorm),
            queryKeyValue: plan.add(layer.queryKeyValue, precision), out: plan.add(layer.out, precision),
            feedForwardNorm: plan.add(layer.feedForwardNorm), first: plan.add(layer.first, precision),
            second: plan.add(layer.second, precision)))
      }
      self.layers = layers
      norm = plan.add(encoder.norm)
    }
  }

  /// The bytes of its matrices.
  struct Sizes {
    let mel, convolved, residual, normalized, projected, attended, hidden, features: Int

    init(
      _ dimensions: ModelDimensions, _ precision: DevicePrecision, features: DevicePrecision, windows: Int
    ) {
      let rows = windows * dimensions.audioContext
      let paddedFrames = windows * (2 * dimensions.audioContext + 2)
      let (width, heads) = (dimensions.audioWidth, dimensions.audioHeads * swiftlet_head_channels)
      mel = paddedFrames * dimensions.melBins * precision.bytes
      convolved = paddedFrames * width * precision.bytes
      residual = rows * width * 4
      normalized = rows * width * precision.bytes
      projected = rows * 3 * heads * precision.bytes
      attended = rows * heads * precision.bytes
      hidden = rows * 4 * width * precision.bytes
      self.features = rows * width * features.bytes
    }

    var total: Int {
      mel + convolved + residual + normalized + projected + attended + hidden + features
    }
  }

  /// - Parameters:
  ///   - features: the precision that the decoder takes features in.
  ///   - windows: that are encoded together at most.
  init(
    _ dimensions: ModelDimensions, _ precision: DevicePrecision, features: DevicePrecision, windows: Int,
    _ places: Places, _ weights: DeviceWeights, stream: DeviceStream
  ) throws(DeviceError) {
    self.dimensions = dimensions
    self.precision = precision
    self.places = places
    self.weights = weights
    self.stream = stream
    featurePrecision = features
    let sizes = Sizes(dimensions, precision, features: features, windows: windows)
    let device = stream.device
    func matrix(_ bytes: Int) throws(DeviceError) -> DeviceBuffer {
      try device.makeBuffer(bytes: bytes, for: "encoding \(windows) windows")
    }
    mel = try matrix(sizes.mel)
    convolved = try matrix(sizes.convolved)
    residual = try matrix(sizes.residual)
    normalized = try matrix(sizes.normalized)
    projected = try matrix(sizes.projected)
    attended = try matrix(sizes.attended)
    hidden = try matrix(sizes.hidden)
    self.features = try matrix(sizes.features)
    let positions = windows * dimensions.audioContext
    table = try DeviceTable(
      [windows, windows, positions, positions], for: "encoding \(windows) windows", stream: stream)
    melOnHost = try device.makeHostBuffer(bytes: sizes.mel)
    // The first and the last row of each window stay zero.
    melOnHost.base.initializeMemory(as: UInt8.self, repeating: 0, count: sizes.mel)
    try stream.fill(convolved)
  }

  private var width: Int { dimensions.audioWidth }
  private var heads: Int { dimensions.audioHeads * swiftlet_head_channels }
  private var frames: Int { 2 * dimensions.audioContext }

  func list(_ list: List) -> UInt64 { table.address(list.rawValue) }

  // MARK: Launches

  /// Describes the windows of a pass. The stream must have been waited for since the last one.
  ///
  /// - Parameters:
  ///   - plans: what each looks at.
  ///   - slots: where each one's keys and values go.
  func begin(_ plans: [EncoderPositions], slots: [Int]) throws(DeviceError) {
    func set(_ list: List, _ index: Int, _ value: Int) { table.set(list.rawValue, index, value) }
    for (index, plan) in plans.enumerated() {
      set(.counts, index, plan.rows)
      set(.slots, index, slots[index])
      let first = index * dimensions.audioContext
      for row in 0..<plan.rows {
        set(.sources, first + row, row < plan.whole ? row : plan.kept[row - plan.whole])
        table.set(List.bias.rawValue, first + row, plan.logarithm(row))
      }
    }
    try table.copy()
  }

  /// Encodes the windows of a pass into ``features``. The host's memory is in use until the stream has been waited for.
  func encode(_ windows: [EncoderInput]) throws(DeviceError) {
    let count = windows.count
    let bytes = (frames + 2) * dimensions.melBins * precision.bytes
    for (index, window) in windows.enumerated() {
      write(
        window.logMel, precision, to: melOnHost.base + index * bytes + dimensions.melBins * precision.bytes)
    }
    try stream.copy(from: melOnHost, to: mel, bytes: count * bytes)
    try convolve(count)
    try embed(count)
    for layer in places.layers.indices { try run(layer: layer, windows: count) }
    try normalize(places.norm, to: features, featurePrecision, windows: count)
  }

  /// The first convolution, over all frames, of sound and of silence.
  func convolve(_ windows: Int) throws(DeviceError) {
    var arguments = arguments(places.firstConvolution, rows: frames, flags: swiftlet_result_gelu)
    arguments.a = mel.address
    arguments.a_step = UInt64(dimensions.melBins)
    arguments.a_window = UInt64((frames + 2) * dimensions.melBins)
    arguments.c = convolved.address + UInt64(width * precision.bytes)
    arguments.c_step = UInt64(width)
    arguments.c_window = UInt64((frames + 2) * width)
    try stream.launch(.product(precision, arguments, windows: windows))
  }

  /// The second convolution and the positions, at those positions that the windows look at.
  func embed(_ windows: Int) throws(DeviceError) {
    var arguments = arguments(
      places.secondConvolution, rows: dimensions.audioContext,
      flags: swiftlet_result_gelu | swiftlet_result_fp32)
    arguments.a = convolved.address
    arguments.a_step = UInt64(2 * width)
    arguments.a_window = UInt64((frames + 2) * width)
    arguments.residual = weights.address(places.positions)
    arguments.residual_step = UInt64(width)
    arguments.sources = list(.sources)
    arguments.sources_window = UInt64(dimensions.audioContext)
    arguments.counts = list(.counts)
    arguments.c = residual.address
    arguments.c_step = UInt64(width)
    arguments.c_window = UInt64(dimensions.audioContext * width)
    try stream.launch(.product(precision, arguments, windows: windows))
  }

  /// Self attention, then the feed-forward part, each normalized before and added to the residual stream.
  func run(layer index: Int, windows: Int) throws(DeviceError) {
    let layer = places.layers[index]
    try normalize(layer.attentionNorm, to: normalized, precision, windows: windows)
    try attend(layer: index, windows: windows)
    try normalize(layer.feedForwardNorm, to: normalized, precision, windows: windows)
    try multiply(normalized, by: layer.first, into: hidden, flags: swiftlet_result_gelu, windows)
    try multiply(hidden, by: layer.second, into: residual, flags: swiftlet_result_fp32, windows)
  }

  /// Attention to what is in ``normalized``, added to the residual stream.
  func attend(layer index: Int, windows: Int) throws(DeviceError) {
    let layer = places.layers[index]
    try multiply(normalized, by: layer.queryKeyValue, into: projected, flags: 0, windows)
    let rows = dimensions.audioContext
    let arguments = swiftlet_attend_arguments(
      queries_keys_values: projected.address, bias: list(.bias), counts: list(.counts), c: attended.address,
      step: UInt64(3 * heads), window: UInt64(3 * heads * rows), c_step: UInt64(heads),
      c_window: UInt64(heads * rows), bias_window: UInt64(rows), positions: Int32(rows),
      heads: Int32(dimensions.audioHeads), scale: attentionScale(width, dimensions.audioHeads), reserved: 0)
    try stream.launch(.attend(precision, arguments, windows: windows))
    try multiply(attended, by: layer.out, into: residual, flags: swiftlet_result_fp32, windows)
  }

  private func normalize(
    _ norm: DeviceNormalization, to output: DeviceBuffer, _ type: DevicePrecision, windows: Int
  ) throws(DeviceError) {
    let window = UInt64(dimensions.audioContext * width)
    let arguments = swiftlet_normalize_arguments(
      x: residual.address, gamma: weights.address(norm.gamma), beta: weights.address(norm.beta),
      c: output.address, sources: 0, counts: list(.counts), x_step: UInt64(width), x_window: window,
      c_step: UInt64(width), c_window: window, rows: Int32(dimensions.audioContext), width: Int32(width),
      flags: 0, epsilon: LayerNormalization.epsilon)
    try stream.launch(.normalize(type, arguments, windows: windows))
  }

  /// A product of the windows' rows; what goes into the residual stream is added to it.
  private func multiply(
    _ input: DeviceBuffer, by linear: DeviceLinear, into output: DeviceBuffer, flags: Int, _ windows: Int
  ) throws(DeviceError) {
    let rows = dimensions.audioContext
    var arguments = arguments(linear, rows: rows, flags: flags)
    arguments.a = input.address
    arguments.a_step = UInt64(linear.depth)
    arguments.a_window = UInt64(rows * linear.depth)
    arguments.c = output.address
    arguments.c_step = UInt64(linear.columns)
    arguments.c_window = UInt64(rows * linear.columns)
    if output === residual {
      arguments.residual = arguments.c
      arguments.residual_step = arguments.c_step
      arguments.residual_window = arguments.c_window
    }
    arguments.counts = list(.counts)
    try stream.launch(.product(precision, arguments, windows: windows))
  }

  private func arguments(_ linear: DeviceLinear, rows: Int, flags: Int) -> swiftlet_product_arguments {
    var arguments = swiftlet_product_arguments()
    arguments.b = weights.address(linear.weights)
    arguments.bias = weights.address(linear.bias)
    arguments.rows = Int32(rows)
    arguments.columns = Int32(linear.columns)
    arguments.depth = Int32(linear.depth)
    arguments.flags = Int32(flags)
    return arguments
  }
}

extension EncoderPositions {
  /// What is added to the scores of a row: the logarithm of how many positions it stands for.
  func logarithm(_ row: Int) -> Float { counts.map { log(Float($0[row])) } ?? 0 }
}

/// 1 / sqrt(channels of a head).
func attentionScale(_ width: Int, _ heads: Int) -> Float { 1 / Float(width / heads).squareRoot() }

/// Converts values on their way to a kernel.
func write(_ values: [Float], _ precision: DevicePrecision, to target: UnsafeMutableRawPointer) {
  values.withUnsafeBufferPointer { values in
    let halves = target.assumingMemoryBound(to: UInt16.self)
    switch precision {
    case .fp32:
      let floats = target.assumingMemoryBound(to: Float.self)
      for index in values.indices { floats[index] = values[index] }
    case .fp16: for index in values.indices { halves[index] = floatToHalf(values[index]) }
    case .bf16: for index in values.indices { halves[index] = floatToBFloat16(values[index]) }
    }
  }
}
