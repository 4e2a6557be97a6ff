// The decoder: tokens and audio features to logits, for several sequences at once.

package import SwiftletCheckpoints
package import SwiftletCompute

/// Cross-attention keys and values of one window for every layer, in the layout that the decoder reads.
package final class AudioMemory {
  let memories: [AttentionMemory]
  /// Positions from the start on that stand for themselves alone: see ``EncoderPositions/whole``.
  package fileprivate(set) var wholePositions = 0

  init(_ decoder: TextDecoder) {
    memories = decoder.makeMemories(capacity: decoder.dimensions.audioContext)
  }
}

/// One sequence that is being decoded: its tokens' keys and values, and the audio it listens to.
package final class TextSequence {
  let memories: [AttentionMemory]
  package fileprivate(set) var audio: AudioMemory
  /// Tokens consumed so far.
  package fileprivate(set) var position = 0
  /// Tokens that the next step consumes.
  package fileprivate(set) var pending: [Int] = []

  init(_ decoder: TextDecoder, audio: AudioMemory) {
    memories = decoder.makeMemories(capacity: decoder.dimensions.textContext)
    self.audio = audio
    pending.reserveCapacity(decoder.dimensions.textContext)
  }

  /// Adds a token to what the next step consumes.
  package func push(_ token: Int) { pending.append(token) }
  package func push(_ tokens: [Int]) { pending.append(contentsOf: tokens) }

  /// Forgets the tokens from `position` on, and those that are pending.
  package func rewind(to position: Int) {
    precondition(position <= self.position)
    self.position = position
    pending.removeAll(keepingCapacity: true)
    for memory in memories { memory.count = position }
  }

  /// Takes over all that `other` has consumed: the fork of a hypothesis.
  ///
  /// - Parameter shared: so many tokens from the start on are the same in both, and are not copied.
  package func take(over other: TextSequence, shared: Int) {
    precondition(shared <= position && shared <= other.position)
    for (memory, source) in zip(memories, other.memories) { memory.copy(from: source, after: shared) }
    audio = other.audio
    position = other.position
    pending.removeAll(keepingCapacity: true)
  }

  /// Starts anew over other audio.
  package func restart(over audio: AudioMemory) {
    rewind(to: 0)
    self.audio = audio
  }
}

/// Whisper's decoder: token and position embeddings, transformer layers with a cache, a final layer normalization and
/// the vocabulary projection, which is the token embedding transposed.
package struct TextDecoder: Sendable {
  package let dimensions: ModelDimensions
  package let precision: Precision
  let layers: [DecoderLayer]
  private let embedding: PackedLinear
  private let norm: LayerNormalization
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

  /// Keys and values of every layer.
  fileprivate func makeMemories(capacity: Int) -> [AttentionMemory] {
    layers.map { _ in
      AttentionMemory(
        heads: dimensions.textHeads, headWidth: dimensions.textWidth / dimensions.textHeads,
        capacity: capacity, precision: precision.attention)
    }
  }

  package func makeAudioMemory() -> AudioMemory { AudioMemory(self) }
  package func makeSequence(over audio: AudioMemory) -> TextSequence { TextSequence(self, audio: audio) }
  /// - Parameter context: the only one that the state can be used with.
  package func makeState(_ context: ComputeContext) throws -> State {
    let state = try State(self, positions: file.positions(), context: context)
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
  package final class State {
    package let workspace: DecoderWorkspace
    let positions: Matrix
    fileprivate let scratch: [EncodedScratch]
    /// Rows whose logits are asked for, in the type that the vocabulary projection takes.
    fileprivate let selected: Matrix
    /// Rows whose logits were asked for, fp32, `[logitRows, vocabularySize]`.
    package let logits: Matrix
    /// Sequences that a step may have at most.
    package static let sequences = 16
    /// Rows whose logits may be asked for at once: two of each sequence, for where a transcript starts there is a
    /// second that says whether anybody speaks.
    package static let logitRows = 2 * sequences
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

  /// A thread's part of making an ``AudioMemory``.
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
  package func listen(
    to encoded: Matrix, at positions: EncoderPositions, into audio: AudioMemory, state: State,
    context: ComputeContext
  ) {
    audio.wholePositions = positions.whole
    for memory in audio.memories {
      memory.count = positions.rows
      memory.setFrameCounts(positions.counts)
    }
    let blocks = RowBlocks(rows: positions.rows, context)
    let heads = dimensions.textHeads
    context.pool.forEach(blocks.count) { thread, index in
      let rows = blocks[index]
      let scratch = state.scratch[thread]
      context.convertRows(encoded, rows: rows, into: scratch.operand, outputRow: 0)
      for (layer, memory) in zip(layers, audio.memories) {
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

  /// Finds out whether a step can consume the pending tokens of `sequences`.
  ///
  /// - Returns: how many they are.
  /// - Throws: ``WhisperError/contextExceeded(tokens:positions:)``,
  ///   ``WhisperError/noSuchToken(_:vocabularySize:)``.
  package func checkStep(_ sequences: [TextSequence]) throws(WhisperError) -> Int {
    var pending = 0
    for sequence in sequences {
      let end = sequence.position + sequence.pending.count
      guard end <= dimensions.textContext else {
        throw .contextExceeded(tokens: end, positions: dimensions.textContext)
      }
      for token in sequence.pending where !(0..<dimensions.vocabularySize).contains(token) {
        throw .noSuchToken(token, vocabularySize: dimensions.vocabularySize)
      }
      pending += sequence.pending.count
    }
    // The work space has as many rows as the decoder has positions.
    guard pending <= dimensions.textContext else {
      throw .contextExceeded(tokens: pending, positions: dimensions.textContext)
    }
    return pending
  }

  /// Consumes the pending tokens of all sequences in one pass.
  ///
  /// The final hidden states are in `state.workspace.states` until the next step; sequences that listen to the same audio
  /// should stand side by side.
  package func step(
    _ sequences: [TextSequence], in state: State, context: ComputeContext
  ) throws(WhisperError) {
    let workspace = state.workspace
    _ = try checkStep(sequences)
    workspace.begin(sequences)
    workspace.forEachSequence { sequence, rows in
      for (offset, row) in rows.enumerated() {
        embedding.copyColumn(sequence.pending[offset], toRow: row, of: workspace.stream)
        context.addRow(state.positions, sequence.position + offset, to: workspace.stream, row)
      }
      for memory in sequence.memories { memory.count = sequence.position + rows.count }
    }
    if let work = state.work { context.pool.together(work.layers) }
    for sequence in sequences {
      sequence.position += sequence.pending.count
      sequence.pending.removeAll(keepingCapacity: true)
    }
  }

  /// Computes the logits of what follows the last token of each sequence of the last step, into the first rows of
  /// `state.logits`.
  package func computeLogits(in state: State, context: ComputeContext) {
    let count = state.workspace.sequences.count
    precondition(count <= State.sequences)
    for index in 0..<count { select(state.workspace.lastRow(of: index), at: index, state, context) }
    project(count, state, context)
  }

  /// The logits of rows `rows` of the last step, at most ``State/logitRows``, into the first rows of `state.logits`.
  package func computeLogits(ofRows rows: [Int], in state: State, context: ComputeContext) {
    precondition(rows.count <= State.logitRows)
    for index in rows.indices { select(rows[index], at: index, state, context) }
    project(rows.count, state, context)
  }

  private func project(_ rows: Int, _ state: State, _ context: ComputeContext) {
    state.selectedRows = rows
    if let work = state.work { context.pool.together(work.logits) }
  }

  private func select(_ row: Int, at target: Int, _ state: State, _ context: ComputeContext) {
    context.convertRows(
      state.workspace.states, rows: row..<row + 1, into: state.selected, outputRow: target)
  }
}
