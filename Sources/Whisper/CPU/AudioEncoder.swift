// The encoder: a log-mel spectrogram to a sequence of audio features.

import SwiftletCheckpoints
import SwiftletCompute

/// Whisper's encoder: two convolutions, positions, transformer layers and a final layer normalization (Radford et al.,
/// "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.2).
struct AudioEncoder: Sendable {
  let dimensions: ModelDimensions
  let precision: Precision
  let firstConvolution: PackedLinear
  let secondConvolution: PackedLinear
  let layers: [EncoderLayer]
  let norm: LayerNormalization
  private let file: EngineFile

  init(_ file: EngineFile, _ dimensions: ModelDimensions) throws {
    self.dimensions = dimensions
    self.file = file
    precision = file.precision
    firstConvolution = try file.linear("encoder.conv1")
    secondConvolution = try file.linear("encoder.conv2")
    layers = try (0..<dimensions.audioLayers).map { try EncoderLayer("encoder.layers.\($0)", in: file) }
    norm = try file.norm("encoder.layer_norm")
    _ = try file.positions()
  }

  /// The position embedding, `[audioContext, audioWidth]`.
  func positions() throws(EngineError) -> Matrix { try file.positions() }

  /// Frames of log-mel that make one window: two for each position.
  var frames: Int { 2 * dimensions.audioContext }

  /// The matrices that encoding one window takes; made once and used for one window after the other.
  ///
  /// - Parameter context: the only one that the state can be used with.
  func makeState(_ context: ComputeContext) throws -> State {
    try State(self, positions: positions(), context: context)
  }

  final class State {
    let positions: Matrix
    let mel: Matrix
    let convolved: Matrix
    /// What the convolutions make of frames without sound, and of the last position.
    let tail: Matrix
    let stream: Matrix
    let queries: Matrix
    /// Keys and values of this layer and of the next.
    let memories: [AttentionMemory]
    let scratch: [EncoderScratch]
    /// The audio features of the last window, `[rows, audioWidth]`, and the positions it looked at for them.
    let output: Matrix
    fileprivate(set) var outputPositions: EncoderPositions

    init(_ encoder: AudioEncoder, positions: Matrix, context: ComputeContext) {
      let dimensions = encoder.dimensions
      let width = dimensions.audioWidth
      let rows = dimensions.audioContext
      let heads = dimensions.audioHeads
      let convolution = encoder.precision.convolution.operand
      let attention = encoder.precision.attention
      self.positions = positions
      mel = Matrix(rows: encoder.frames + 2, columns: dimensions.melBins, element: convolution)
      convolved = Matrix(rows: encoder.frames + 2, columns: width, element: convolution)
      tail = Matrix(rows: 2, columns: width)
      stream = Matrix(rows: rows, columns: width, spaced: true)
      queries = Matrix(
        rows: heads * rows, columns: PackedLinear.panelColumns, element: attention.queries)
      memories = (0..<min(2, dimensions.audioLayers)).map { _ in
        AttentionMemory(heads: heads, headWidth: width / heads, capacity: rows, precision: attention)
      }
      scratch = (0..<context.pool.threads).map { _ in
        EncoderScratch(
          width: width, heads: heads, positions: rows, precision: encoder.precision, context: context)
      }
      output = Matrix(rows: rows, columns: width)
      outputPositions = .exact(positions: rows)
    }
  }

  /// Encodes one window into `state.output`.
  ///
  /// - Parameters:
  ///   - logMel: frame-major, `[2 · audioContext, melBins]`.
  ///   - soundFrames: frames from the start on that hold sound; all after them have one and the same value, and what
  ///     the convolutions make of it is computed once.
  ///   - positions: which positions to look at.
  func encode(
    _ logMel: [Float], soundFrames: Int? = nil, at positions: EncoderPositions? = nil, in state: State,
    context: ComputeContext
  ) throws(WhisperError) {
    guard logMel.count == frames * dimensions.melBins else {
      throw .spectrogramSize(count: logMel.count, expected: frames * dimensions.melBins)
    }
    let positions = positions ?? .exact(positions: dimensions.audioContext)
    state.outputPositions = positions
    for memory in state.memories {
      memory.count = positions.rows
      memory.setFrameCounts(positions.counts)
    }
    let blocks = RowBlocks(rows: positions.rows, context)

    let computed = convolve(logMel, soundFrames: soundFrames ?? frames, state: state, context: context)
    context.pool.forEach(blocks.count) { thread, index in
      let rows = blocks[index]
      embed(rows, computed: computed, at: positions, state: state, context: context)
      project(rows, layer: 0, state: state, scratch: state.scratch[thread], context: context)
    }
    for layer in layers.indices {
      context.pool.forEach(blocks.count) { thread, index in
        let rows = blocks[index]
        let scratch = state.scratch[thread]
        layers[layer].finish(
          state.stream, rows: rows, queries: state.queries,
          memory: state.memories[layer % 2], scratch: scratch, precision: precision, context: context)
        if layer + 1 < layers.count {
          project(rows, layer: layer + 1, state: state, scratch: scratch, context: context)
        } else {
          context.normalizeRows(
            state.stream, rows: rows, with: norm, scratch: scratch.line, into: state.output,
            outputRow: rows.lowerBound)
        }
      }
    }
  }

  private func project(
    _ rows: Range<Int>, layer: Int, state: State, scratch: EncoderScratch, context: ComputeContext
  ) {
    layers[layer].project(
      state.stream, rows: rows, queries: state.queries, memory: state.memories[layer % 2], scratch: scratch,
      context: context)
  }

  /// Runs the first convolution over the frames that need it.
  ///
  /// - Returns: how many positions the second convolution must compute; what it makes of those after them is in
  ///   `state.tail`, the last position apart.
  private func convolve(
    _ logMel: [Float], soundFrames: Int, state: State, context: ComputeContext
  ) -> Int {
    let positions = dimensions.audioContext
    // Position p sees frames 2p-2 to 2p+2 of the log-mel; the first that sees none with sound, and the last position,
    // which sees the zeros after the window, are computed for all.
    let firstSilent = (soundFrames + 2 + 1) / 2
    let isWhole = firstSilent + 4 >= positions
    let computed = isWhole ? positions : firstSilent
    let bins = dimensions.melBins
    func convolveFrames(_ frames: Range<Int>) {
      // The first and the last row of both operands stay zero: the convolutions' padding.
      let blocks = RowBlocks(rows: frames.count, context)
      context.pool.forEach(blocks.count) { _, index in
        let block = blocks[index]
        let rows = frames.lowerBound + block.lowerBound..<frames.lowerBound + block.upperBound
        context.productRows(
          state.mel, inputStep: bins, rows: rows, by: firstConvolution, activation: precision.gelu,
          into: state.convolved, outputRow: rows.lowerBound + 1)
      }
    }
    func write(_ frames: Range<Int>) {
      context.write(
        logMel.span.extracting(frames.lowerBound * bins..<frames.upperBound * bins), into: state.mel,
        outputRow: frames.lowerBound + 1)
    }
    if isWhole {
      write(0..<frames)
      convolveFrames(0..<frames)
      return computed
    }
    write(0..<2 * firstSilent + 4)
    write(frames - 4..<frames)
    convolveFrames(0..<2 * firstSilent + 2)
    convolveFrames(frames - 3..<frames)
    for (row, position) in [firstSilent, positions - 1].enumerated() {
      convolveAgain(position..<position + 1, into: state.tail, outputRow: row, state: state, context: context)
    }
    return computed
  }

  /// The second convolution and the positions, into rows of the stream.
  private func embed(
    _ rows: Range<Int>, computed: Int, at positions: EncoderPositions, state: State, context: ComputeContext
  ) {
    let direct = rows.clamped(to: 0..<min(computed, positions.whole))
    if !direct.isEmpty {
      convolveAgain(
        direct, addingTo: state.positions, into: state.stream, outputRow: direct.lowerBound, state: state,
        context: context)
    }
    for row in rows where !direct.contains(row) {
      let position = row < positions.whole ? row : positions.kept[row - positions.whole]
      if position < computed {
        convolveAgain(
          position..<position + 1, addingTo: state.positions, into: state.stream, outputRow: row,
          state: state, context: context)
      } else {
        let tail = position == dimensions.audioContext - 1 ? 1 : 0
        context.convertRows(state.tail, rows: tail..<tail + 1, into: state.stream, outputRow: row)
        context.addRow(state.positions, position, to: state.stream, row)
      }
    }
  }

  /// The second convolution at `positions`, to rows of `output`; `residual` has a row for each position.
  private func convolveAgain(
    _ positions: Range<Int>, addingTo residual: Matrix? = nil, into output: Matrix, outputRow: Int,
    state: State, context: ComputeContext
  ) {
    context.productRows(
      state.convolved, inputStep: 2 * dimensions.audioWidth, rows: positions, by: secondConvolution,
      activation: precision.gelu, residual: residual, residualRow: positions.lowerBound, into: output,
      outputRow: outputRow)
  }
}
