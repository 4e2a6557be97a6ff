// Whole encoder and decoder steps of each model size, beside their floors.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletWhisper

/// Operations of one window in the encoder, a multiply and an add being two.
struct EncoderOperations {
  var convolutions: Double
  var products: Double
  var attention: Double

  init(_ d: ModelDimensions) {
    let rows = Double(d.audioContext)
    let width = Double(d.audioWidth)
    let layers = Double(d.audioLayers)
    convolutions = 2 * (2 * rows * width * 3 * Double(d.melBins) + rows * width * 3 * width)
    products = layers * (4 * 2 * rows * width * width + 2 * 2 * rows * width * 4 * width)
    attention = layers * 4 * rows * rows * width
  }

  /// Milliseconds at the ceilings: in int8, products of bytes, and bf16 for the rest.
  func floor(_ precision: Precision, _ ceilings: MeasuredCeilings) -> Double {
    precision == .int8
      ? products / ceilings.operations(.int8) + (convolutions + attention) / ceilings.operations(.bf16)
      : (convolutions + products + attention) / ceilings.operations(precision == .bf16 ? .bf16 : .fp32)
  }
}

func benchmarkNetwork(
  _ name: String, _ dimensions: ModelDimensions, precisions: [Precision], contexts: [MeasuredCeilings],
  engines: URL, into report: Report
) throws {
  for precision in precisions {
    let folder = engines.appending(path: "\(name)-\(precision.rawValue)")
    let build = ContinuousClock().now
    if !isEngine(at: folder), let context = contexts.last?.context {
      try EngineBuilder(
        checkpoint: try RandomCheckpoint(dimensions), model: name, encoderPrecision: precision,
        decoderPrecision: precision, context: context
      ).build(into: folder)
    }
    let built = (ContinuousClock().now - build) / .milliseconds(1)
    let load = measure(seconds: 0.1) { _ = try? WhisperModel(engine: folder) }
    let model = try WhisperModel(engine: folder)
    report.add(
      Row(
        group: "\(name), random weights", name: "load, warm page cache", precision: precision.rawValue,
        threads: 1,
        milliseconds: load.best, median: load.median, note: String(format: "built in %.1f s", built / 1_000)))
    for ceilings in contexts {
      try benchmark(model, name, precision, ceilings, report)
    }
    try FileManager.default.removeItem(at: folder)
  }
}

private func benchmark(
  _ model: WhisperModel, _ name: String, _ precision: Precision, _ ceilings: MeasuredCeilings,
  _ report: Report
) throws {
  let context = ceilings.context
  let d = model.dimensions
  let threads = context.pool.threads
  func add(_ row: String, _ time: (best: Double, median: Double), floor: Double?, note: String? = nil) {
    report.add(
      Row(
        group: "\(name), random weights", name: row, precision: precision.rawValue, threads: threads,
        milliseconds: time.best, median: time.median, floor: floor, note: note))
  }
  let mel = (0..<2 * d.audioContext * d.melBins).map { Float($0 % 977) / 977 - 0.5 }
  let network = try CPUNetwork(model, context: context)
  let whole = try measure(seconds: 1) { try network.encode(EncoderInput(logMel: mel)) }
  add("encoder, 1500 positions", whole, floor: EncoderOperations(d).floor(precision, ceilings))

  let audio = network.makeAudioMemory()
  let plan = EncoderPositions.exact(positions: d.audioContext)
  add(
    "cross keys and values", measure { network.attend(to: network.features, at: plan, with: audio) },
    floor: Double(d.textLayers) * 4 * Double(d.audioContext * d.textWidth * d.textWidth)
      / ceilings.operations(precision == .fp16 ? .fp32 : precision))

  let steps = 32
  let weights = decoderWeightBytes(d, precision)
  let cross = d.audioContext * d.textWidth * d.textLayers * precision.attention.keyValueBytes
  func step(_ sequences: [TextSequence]) throws -> (best: Double, median: Double) {
    let rows = Array(sequences.indices)
    let time = try measure(seconds: 0.6) {
      for sequence in sequences {
        sequence.rewind(to: 0)
        sequence.push(1)
      }
      for _ in 0..<steps {
        try network.step(sequences)
        _ = network.computeLogits(ofRows: rows)
        for sequence in sequences { sequence.push(7) }
      }
    }
    return (time.best / Double(steps), time.median / Double(steps))
  }
  add(
    "decoder step", try step([network.makeSequence(over: audio)]),
    floor: ceilings.reading(weights + cross),
    note: String(format: "%.1f MB a step", Double(weights + cross) / 1e6))

  // The weights' share alone: next to no audio to attend to.
  let short = network.makeAudioMemory()
  network.attend(to: network.features, at: .exact(positions: 2), with: short)
  let one = try step([network.makeSequence(over: short)])
  add("decoder step, weights' share", one, floor: ceilings.reading(weights))
  let eight = try step((0..<8).map { _ in network.makeSequence(over: short) })
  add(
    "eight sequences in one step, the same", eight, floor: ceilings.reading(weights),
    note: String(format: "%.2f x one sequence", eight.best / one.best))
}

/// Bytes of weights that a step reads: the layers without the cross-attention keys and values, and the vocabulary.
private func decoderWeightBytes(_ d: ModelDimensions, _ precision: Precision) -> Int {
  let square = d.textWidth * d.textWidth
  return (d.textLayers * 14 * square + d.vocabularySize * d.textWidth) * precision.weightBytes
}
