// Silero's voice activity network: how probable it is that somebody speaks, for each 32 ms.

import CVoiceActivity
import Foundation
import SwiftletCheckpoints
import SwiftletCompute

/// The network of Silero VAD, version 6, for 16 kHz (https://github.com/snakers4/silero-vad).
///
/// A window of 512 samples, with the 64 before it and 64 mirrored after it, becomes four spectra of 129 bins. Four
/// convolutions make one vector of them, an LSTM cell takes it into its memory, and a linear layer tells the probability
/// from that. Everything up to the memory is computed for many windows at once. All of it is fp32.
final class VoiceActivityNetwork: Sendable {
  /// Samples of a window.
  static let windowSamples = 512
  /// Samples a second.
  static let sampleRate = 16_000

  private static let contextSamples = 64
  private static let spectrumSamples = 256
  private static let spectrumStep = 128
  private static let spectra = 4
  /// Windows that are computed together: their spectra and activations stay in the second-level cache.
  private static let batch = 32

  private let spectrum: PackedLinear
  private let encoder: [PackedLinear]
  private let input: PackedLinear
  private let memory: PackedLinear
  private let decoder: PackedLinear
  /// One thread is enough: it is some hundreds of times faster than sound, and the memory goes step by step.
  private let context: ComputeContext

  /// Reads the weights that the program carries.
  ///
  /// - Throws: ``CheckpointError`` if they are damaged, ``ComputeError`` if the environment names an instruction set that
  ///   this machine lacks.
  init() throws {
    context = try ComputeContext(threads: 1)
    var count = 0
    let start = cvoiceactivity_weights(&count)
    let data = Data(
      bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: count, deallocator: .none)
    let file = try SafetensorsFile(MappedFile(name: "built-in silero_vad.safetensors", data: data))
    func linear(_ name: String, bias: String?) throws -> PackedLinear {
      guard let shape = file.entry(name)?.shape, shape.count == 2 else {
        throw CheckpointError.noSuchTensor(name: name, file: file.file.name)
      }
      return PackedLinear(
        .fp32, columns: shape[0], depth: shape[1], weights: try file.floats(of: name),
        bias: try bias.map { try file.floats(of: $0) })
    }
    spectrum = try linear("stft.weight", bias: nil)
    encoder = try (1...4).map { try linear("encoder.\($0).weight", bias: "encoder.\($0).bias") }
    input = try linear("lstm.input.weight", bias: "lstm.bias")
    memory = try linear("lstm.hidden.weight", bias: nil)
    decoder = try linear("decoder.weight", bias: "decoder.bias")
  }

  /// What the network remembers of the sound so far, and its work space. Not for several tasks at once.
  final class State {
    fileprivate var context = [Float](repeating: 0, count: VoiceActivityNetwork.contextSamples)
    fileprivate let cell: Matrix
    fileprivate let last: Matrix
    fileprivate var frames: [Float] = []
    fileprivate let operand: Matrix
    fileprivate let complex: Matrix
    fileprivate let magnitudes: Matrix
    fileprivate let unrolled: [Matrix]
    fileprivate let convolved: [Matrix]
    fileprivate let features: Matrix
    fileprivate let inputs: Matrix
    fileprivate let gates: Matrix
    fileprivate let hidden: Matrix
    fileprivate let rectified: Matrix
    fileprivate let logits: Matrix

    fileprivate init(_ network: VoiceActivityNetwork) {
      let batch = VoiceActivityNetwork.batch
      let spectra = batch * VoiceActivityNetwork.spectra
      let width = network.memory.depth
      cell = Matrix(rows: 1, columns: width)
      last = Matrix(rows: 1, columns: width)
      operand = Matrix(rows: spectra, columns: network.spectrum.depth)
      complex = Matrix(rows: spectra, columns: network.spectrum.columns)
      magnitudes = Matrix(rows: spectra, columns: network.spectrum.columns / 2)
      let rows = VoiceActivityNetwork.lengths.map { batch * $0.output }
      unrolled = zip(network.encoder, rows).map { Matrix(rows: $1, columns: $0.depth) }
      convolved = zip(network.encoder, rows).map { Matrix(rows: $1, columns: $0.columns) }
      features = Matrix(rows: batch, columns: network.input.depth)
      inputs = Matrix(rows: batch, columns: network.input.columns)
      gates = Matrix(rows: 1, columns: network.memory.columns)
      hidden = Matrix(rows: batch, columns: width)
      rectified = Matrix(rows: batch, columns: width)
      logits = Matrix(rows: batch, columns: 1)
    }
  }

  /// A memory of nothing.
  func makeState() -> State { State(self) }

  /// Positions that each convolution reads and writes of a window, and how far apart it reads them.
  private static let lengths = [
    (input: 4, output: 4, stride: 1), (input: 4, output: 2, stride: 2), (input: 2, output: 1, stride: 2),
    (input: 1, output: 1, stride: 1),
  ]

  /// The probability of speech in each window, after all that the state has heard before.
  ///
  /// - Parameter samples: 16 kHz mono in [-1, 1]; silence fills the last window up.
  func probabilities(of samples: [Float], in state: State) -> [Float] {
    let window = Self.windowSamples
    let windows = (samples.count + window - 1) / window
    var probabilities: [Float] = []
    probabilities.reserveCapacity(windows)
    for first in stride(from: 0, to: windows, by: Self.batch) {
      let end = min(windows, first + Self.batch)
      state.frames.removeAll(keepingCapacity: true)
      for index in first..<end {
        cut(samples[index * window..<min(samples.count, (index + 1) * window)], state)
      }
      run(windows: end - first, state)
      for row in 0..<end - first { probabilities.append(logistic(state.logits[row, 0])) }
    }
    return probabilities
  }

  /// Adds the four overlapping pieces of a window to the frames.
  private func cut(_ samples: ArraySlice<Float>, _ state: State) {
    var sound = state.context + samples
    sound.append(contentsOf: repeatElement(0, count: Self.windowSamples - samples.count))
    state.context = Array(sound.suffix(Self.contextSamples))
    sound.append(contentsOf: sound.suffix(Self.contextSamples + 1).dropLast().reversed())
    for piece in 0..<Self.spectra {
      let start = piece * Self.spectrumStep
      state.frames.append(contentsOf: sound[start..<start + Self.spectrumSamples])
    }
  }

  private func run(windows: Int, _ state: State) {
    let frames = windows * Self.spectra
    context.write(state.frames.span, into: state.operand, outputRow: 0)
    context.productRows(
      state.operand, rows: 0..<frames, by: spectrum, into: state.complex, outputRow: 0)
    context.absoluteRows(state.complex, rows: frames, into: state.magnitudes)
    var activations = state.magnitudes
    for (index, length) in Self.lengths.enumerated() {
      context.layOutConvolution(
        over: activations, sequences: windows, length: length.input, stride: length.stride,
        rectified: index > 0, into: state.unrolled[index])
      context.productRows(
        state.unrolled[index], rows: 0..<windows * length.output, by: encoder[index],
        into: state.convolved[index], outputRow: 0)
      activations = state.convolved[index]
    }
    context.rectifyRows(activations, rows: windows, into: state.features)
    context.productRows(
      state.features, rows: 0..<windows, by: input, into: state.inputs, outputRow: 0)
    for row in 0..<windows {
      let isFirst = row == 0
      context.productRows(
        isFirst ? state.last : state.hidden, rows: isFirst ? 0..<1 : row - 1..<row, by: memory,
        residual: state.inputs, residualRow: row, into: state.gates, outputRow: 0)
      context.stepCell(gates: state.gates, cell: state.cell, hidden: state.hidden, row: row)
    }
    context.convertRows(state.hidden, rows: windows - 1..<windows, into: state.last, outputRow: 0)
    context.rectifyRows(state.hidden, rows: windows, into: state.rectified)
    context.productRows(
      state.rectified, rows: 0..<windows, by: decoder, into: state.logits, outputRow: 0)
  }
}
