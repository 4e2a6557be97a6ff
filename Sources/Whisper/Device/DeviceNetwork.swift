// The network on a GPU.

import CDevice
package import SwiftletCheckpoints
package import SwiftletCompute
package import SwiftletDevice

/// Encoder and decoder on one GPU, each in the precision that ``Precision/onDevice`` makes of its engine's.
///
/// All memory but that of alignments is taken at the start. One caller uses it at a time, as ``Network`` says.
package final class DeviceNetwork: Network, @unchecked Sendable {
  package let dimensions: ModelDimensions
  package let alignmentHeads: [AlignmentHead]
  package let maximumSequences: Int
  package let maximumWindows: Int
  let stream: DeviceStream
  let encoder: DeviceEncoder
  let decoder: DeviceDecoder
  private let begin: DeviceEvent
  private let encoded: DeviceEvent
  private let end: DeviceEvent

  /// How many sequences a step may have, the most that fit: beams and samples may be 16.
  private static let sequences = [64, 32, 16]

  /// Copies a model to a GPU.
  ///
  /// - Parameters:
  ///   - sequences: that a step may have; nil for as many as fit.
  ///   - graphs: whether steps are recorded once and launched as a whole.
  /// - Throws: ``DeviceError``, ``EngineError``.
  package init(
    _ model: WhisperModel, on device: Device, sequences: Int? = nil, graphs: Bool = true
  ) throws {
    dimensions = model.dimensions
    alignmentHeads = model.alignmentHeads
    let precision = (encoder: model.encoder.precision.onDevice, decoder: model.decoder.precision.onDevice)
    try Self.check(dimensions, precision.encoder)
    try Self.check(dimensions, precision.decoder)
    var plan = DeviceWeightPlan()
    let encoderPlaces = try DeviceEncoder.Places(model.encoder, in: &plan)
    let decoderPlaces = try DeviceDecoder.Places(model.decoder, in: &plan)
    let memory = try DeviceMemory(
      dimensions, encoder: precision.encoder, decoder: precision.decoder, weights: plan.bytes,
      choices: sequences.map { [$0] } ?? Self.sequences, on: device)
    maximumSequences = memory.sequences
    maximumWindows = memory.windows
    stream = try device.makeStream()
    let weights = try DeviceWeights(plan, stream: stream)
    encoder = try DeviceEncoder(
      dimensions, precision.encoder, features: precision.decoder, windows: memory.windows, encoderPlaces,
      weights, stream: stream)
    decoder = try DeviceDecoder(
      dimensions, precision.decoder, sequences: memory.sequences, textSlots: memory.textSlots,
      decoderPlaces, weights, stream: stream)
    begin = try DeviceEvent(device, isTimed: true)
    encoded = try DeviceEvent(device, isTimed: true)
    end = try DeviceEvent(device, isTimed: true)
    for name in Set(Self.kernels(precision.encoder) + Self.kernels(precision.decoder)) {
      _ = try device.kernel(name)
    }
    if graphs { try decoder.recordGraphs() }
    try stream.synchronize()
  }

  private static func check(_ d: ModelDimensions, _ precision: DevicePrecision) throws(EngineError) {
    for (what, count) in [("mel bins", d.melBins), ("channels", d.audioWidth)]
    where count % precision.alignment != 0 {
      throw .unsupportedOnDevice(
        reason: "it has \(count) \(what), and \(precision) needs a multiple of \(precision.alignment)")
    }
    // Scores of one row have to fit into a block's shared memory.
    let positions = max(d.audioContext, d.textContext)
    guard positions <= 10_000 else {
      throw .unsupportedOnDevice(reason: "it has \(positions) positions, and 10000 are the most")
    }
  }

  /// Every kernel of a precision that the network launches: they are compiled before anybody waits for one.
  private static func kernels(_ precision: DevicePrecision) -> [String] {
    let isPlain = precision == .fp32
    let passes = isPlain ? [8] : KernelLaunch<swiftlet_few_arguments>.passes
    let names =
      ["product", "normalize", "attend", "attend_self", "attend_cross", "attend_join", "alignment", "embed"]
      + (isPlain ? [] : ["product_small"]) + passes.map { "product_rows\($0)" }
    return names.map { "\($0)_\(precision)" } + ["copy_cache"]
  }

  // MARK: Network

  package func makeAudioMemory() -> AudioMemory { AudioMemory(DeviceStore(in: decoder.audio)) }

  package func makeSequence(over audio: AudioMemory) -> TextSequence {
    TextSequence(DeviceStore(in: decoder.text), over: audio, capacity: dimensions.textContext)
  }

  @discardableResult
  package func listen(
    to windows: [EncoderInput], into memories: [AudioMemory]
  ) throws(WhisperError) -> ListeningTime {
    precondition(windows.count == memories.count)
    let expected = 2 * dimensions.audioContext * dimensions.melBins
    for window in windows where window.logMel.count != expected {
      throw .spectrogramSize(count: window.logMel.count, expected: expected)
    }
    var time = ListeningTime()
    for first in stride(from: 0, to: windows.count, by: maximumWindows) {
      let pass = first..<min(first + maximumWindows, windows.count)
      try reporting { () throws(DeviceError) in
        try listen(Array(windows[pass]), Array(memories[pass]), &time)
      }
    }
    return time
  }

  private func listen(
    _ windows: [EncoderInput], _ memories: [AudioMemory], _ time: inout ListeningTime
  ) throws(DeviceError) {
    let plans = windows.map { $0.positions ?? .exact(positions: dimensions.audioContext) }
    try stream.record(begin)
    try prepare(memories, plans)
    try encoder.encode(windows)
    try stream.record(encoded)
    try decoder.listen(to: encoder, windows: windows.count)
    try stream.record(end)
    try stream.synchronize()
    time.encoder += try encoded.seconds(since: begin)
    time.decoder += try end.seconds(since: encoded)
  }

  /// Gives windows their slots, and says what their positions are.
  func prepare(_ memories: [AudioMemory], _ plans: [EncoderPositions]) throws(DeviceError) {
    let stores = memories.map { $0.store.onDevice(decoder.audio) }
    try encoder.begin(plans, slots: decoder.beginListening(stores, plans))
    for (memory, plan) in zip(memories, plans) { memory.wholePositions = plan.whole }
  }

  package func step(_ sequences: [TextSequence]) throws(WhisperError) {
    _ = try checkStep(sequences)
    try reporting { () throws(DeviceError) in try decoder.step(sequences) }
    for sequence in sequences { sequence.consumePending() }
  }

  package func computeLogits(ofRows rows: [Int]) throws(WhisperError) -> Matrix {
    try reporting { () throws(DeviceError) in try decoder.computeLogits(ofRows: rows) }
    return decoder.logits
  }

  package func crossAttention(
    of heads: [AlignmentHead], positions: Int, consuming sequence: TextSequence
  ) throws(WhisperError) -> CrossAttentionWeights {
    let weights = CrossAttentionWeights(of: heads, positions: positions, consuming: sequence)
    _ = try checkStep([sequence])
    try reporting { () throws(DeviceError) in try decoder.step([sequence], observer: weights) }
    sequence.consumePending()
    return weights
  }

  private func reporting(_ body: () throws(DeviceError) -> Void) throws(WhisperError) {
    do throws(DeviceError) { try body() } catch { throw .device(error) }
  }
}

/// How much memory a network takes, and for how many sequences there is enough.
private struct DeviceMemory {
  let sequences: Int
  /// That are encoded together.
  let windows: Int
  /// More than a step has: other hypotheses wait while a step runs.
  let textSlots: Int
  private let bytes: Int

  /// The first of `choices` that fits.
  ///
  /// - Parameter weights: their bytes.
  init(
    _ dimensions: ModelDimensions, encoder: DevicePrecision, decoder: DevicePrecision, weights: Int,
    choices: [Int], on device: Device
  ) throws(DeviceError) {
    let available = try device.availableMemory()
    // The driver needs some for kernels and graphs.
    let usable = available - device.totalMemory / 32
    let all = choices.map {
      DeviceMemory(dimensions, encoder: encoder, decoder: decoder, weights: weights, sequences: $0)
    }
    guard let fitting = all.first(where: { $0.bytes <= usable }) else {
      let least = all.min { $0.bytes < $1.bytes }
      throw .outOfMemory(
        what: "the model and \(least?.sequences ?? 0) sequences", bytes: least?.bytes ?? 0,
        available: max(0, usable), total: device.totalMemory, device: device.name)
    }
    self = fitting
  }

  private init(
    _ dimensions: ModelDimensions, encoder: DevicePrecision, decoder: DevicePrecision, weights: Int,
    sequences: Int
  ) {
    self.sequences = sequences
    // So many fill any GPU.
    windows = min(sequences, 16)
    textSlots = sequences + sequences / 4
    let encoding = DeviceEncoder.Sizes(dimensions, encoder, features: decoder, windows: windows)
    let decoding = DeviceDecoder.Sizes(dimensions, decoder, sequences: sequences)
    bytes =
      weights + encoding.total + decoding.matrices + textSlots * decoding.textSlot
      + sequences * decoding.audioSlot
  }
}
