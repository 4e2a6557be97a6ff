// The decoder: tokens and audio features to logits, for several sequences at once.

import SwiftletCheckpoints
import SwiftletCompute

/// Whisper's decoder: token and position embeddings, transformer layers with a cache, a final layer normalization and
/// the vocabulary projection, which is the token embedding transposed.
struct TextDecoder: Sendable {
  let dimensions: ModelDimensions
  let precision: Precision
  let layers: [DecoderLayer]
  let embedding: PackedLinear
  let norm: LayerNormalization
  private let file: EngineFile

  init(_ file: EngineFile, _ dimensions: ModelDimensions) throws {
    self.dimensions = dimensions
    self.file = file
    precision = file.precision
    embedding = try file.linear("decoder.embed_tokens")
    layers = try (0..<dimensions.textLayers).map { try DecoderLayer("decoder.layers.\($0)", in: file) }
    norm = try file.norm("decoder.layer_norm")
    _ = try file.positions()
  }

  /// The position embedding, `[textContext, textWidth]`.
  func positions() throws(EngineError) -> Matrix { try file.positions() }

  /// - Parameter context: the only one that the state can be used with.
  func makeState(_ context: ComputeContext) throws -> State {
    let state = try State(self, positions: positions(), context: context)
    let (embedding, layers, norm) = (embedding, layers, norm)
    state.work = (
      layers: TeamWork { [unowned state, unowned context] thread in
        let workspace = state.workspace
        for index in layers.indices { layers[index].run(index, workspace, thread: thread, context: context) }
        workspace.forRows(thread, context) { rows in
          context.normalizeRows(
            workspace.stream, rows: rows, with: norm, scratch: workspace.line[thread],
            into: workspace.states, outputRow: rows.lowerBound)
        }
      },
      logits: TeamWork { [unowned state, unowned context] thread in
        context.productTogether(
          state.selected, rows: state.selectedRows, by: embedding, into: state.logits, thread: thread)
      }
    )
    return state
  }

  /// The work space of steps; one at a time.
  final class State {
    let workspace: DecoderWorkspace
    let positions: Matrix
    fileprivate let scratch: [EncodedScratch]
    /// Rows whose logits are asked for, in the type that the vocabulary projection takes.
    fileprivate let selected: Matrix
    /// Rows whose logits were asked for, fp32, `[logitRows, vocabularySize]`.
    let logits: Matrix
    /// Sequences that a step may have at most.
    static let sequences = 16
    /// Rows whose logits may be asked for at once: see ``Network/maximumLogitRows``.
    static let logitRows = 2 * sequences
    /// What a step runs, made once: no step allocates anything.
    fileprivate var work: (layers: TeamWork, logits: TeamWork)?
    /// Rows of `selected` whose logits are asked for.
    fileprivate var selectedRows = 0

    init(_ decoder: TextDecoder, positions: Matrix, context: ComputeContext) {
      let d = decoder.dimensions
      workspace = DecoderWorkspace(decoder, context)
      self.positions = positions
      scratch = (0..<context.pool.threads).map { _ in EncodedScratch(decoder, context) }
      selected = Matrix(
        rows: Self.logitRows, columns: d.textWidth, element: decoder.precision.operand, spaced: true)
      logits = Matrix(rows: Self.logitRows, columns: d.vocabularySize, spaced: true)
    }
  }

  /// A thread's part of listening.
  fileprivate final class EncodedScratch {
    let operand: Matrix
    let panel: Matrix

    init(_ decoder: TextDecoder, _ context: ComputeContext) {
      operand = Matrix(
        rows: context.blockRows, columns: decoder.dimensions.audioWidth, element: decoder.precision.operand,
        spaced: true)
      panel = Matrix(rows: context.blockRows, columns: PackedLinear.panelColumns)
    }
  }

  /// Computes the cross-attention keys and values of a window.
  ///
  /// - Parameters:
  ///   - encoded: the encoder's output, `[≥ positions.rows, audioWidth]`.
  ///   - positions: which positions its rows are.
  func listen(
    to encoded: Matrix, at positions: EncoderPositions, into audio: AudioMemory, state: State,
    context: ComputeContext
  ) {
    audio.wholePositions = positions.whole
    let memories = audio.store.memories
    for memory in memories {
      memory.count = positions.rows
      memory.setFrameCounts(positions.counts)
    }
    let blocks = RowBlocks(rows: positions.rows, context)
    let heads = dimensions.textHeads
    context.pool.forEach(blocks.count) { thread, index in
      let rows = blocks[index]
      let scratch = state.scratch[thread]
      context.convertRows(encoded, rows: rows, into: scratch.operand, outputRow: 0)
      for (layer, memory) in zip(layers, memories) {
        for panel in 0..<2 * heads {
          context.productRows(
            scratch.operand, rows: 0..<rows.count, by: layer.crossKeyValue, panels: panel..<panel + 1,
            into: scratch.panel, outputRow: 0)
          if panel < heads {
            context.storeKeys(
              scratch.panel, rows: rows.count, head: panel, at: rows.lowerBound, in: memory)
          } else {
            context.storeValues(
              scratch.panel, rows: rows.count, head: panel - heads, at: rows.lowerBound, in: memory)
          }
        }
      }
    }
  }

  /// Consumes the pending tokens of all sequences in one pass, which ``Network/checkStep(_:)`` has found to fit.
  ///
  /// The final hidden states are in `state.workspace.states` until the next step.
  func step(_ sequences: [TextSequence], in state: State, context: ComputeContext) {
    let workspace = state.workspace
    workspace.begin(sequences)
    var row = 0
    for sequence in sequences {
      for (offset, token) in sequence.pending.enumerated() {
        embedding.copyColumn(token, toRow: row, of: workspace.stream)
        context.addRow(state.positions, sequence.position + offset, to: workspace.stream, row)
        row += 1
      }
    }
    if let work = state.work { context.pool.together(work.layers) }
    for sequence in sequences { sequence.consumePending() }
  }

  /// The logits of rows `rows` of the last step, at most ``State/logitRows``, into the first rows of `state.logits`.
  func computeLogits(ofRows rows: [Int], in state: State, context: ComputeContext) {
    precondition(rows.count <= State.logitRows)
    for index in rows.indices {
      context.convertRows(
        state.workspace.states, rows: rows[index]..<rows[index] + 1, into: state.selected, outputRow: index)
    }
    state.selectedRows = rows.count
    if let work = state.work { context.pool.together(work.logits) }
  }
}
