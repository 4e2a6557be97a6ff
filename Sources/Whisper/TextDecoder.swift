// The decoder: tokens and audio features to logits.

package import SwiftletCheckpoints
package import SwiftletCompute

/// Whisper's decoder: token and position embeddings, transformer layers with a cache, a final layer normalization and
/// the vocabulary projection, which is the token embedding transposed.
package struct TextDecoder: Sendable {
  package let dimensions: ModelDimensions
  private let embedding: PackedMatrix
  /// `[textContext, textWidth]`.
  private let positions: [Float]
  private let layers: [DecoderLayer]
  private let norm: LayerNormalization

  package init(_ checkpoint: any Checkpoint) throws(CheckpointError) {
    let dimensions = checkpoint.dimensions
    self.dimensions = dimensions
    let width = dimensions.textWidth
    embedding = PackedMatrix(
      columns: dimensions.vocabularySize, depth: width,
      weights: try checkpoint.floats(of: "decoder.embed_tokens.weight"))
    positions = try checkpoint.floats(of: "decoder.embed_positions.weight")
    var layers: [DecoderLayer] = []
    for index in 0..<dimensions.textLayers {
      layers.append(
        try DecoderLayer("decoder.layers.\(index)", in: checkpoint, width: width, heads: dimensions.textHeads)
      )
    }
    self.layers = layers
    norm = try LayerNormalization("decoder.layer_norm", in: checkpoint)
  }

  /// One sequence that is being decoded: its caches and the work space of a step.
  package final class State {
    let caches: [DecoderLayer.Cache]
    let positions: Matrix
    /// For the window's keys and values; the steps use its first rows.
    let workspace: Workspace
    let stream: Matrix
    let normalized: Matrix
    let logits: Matrix
    /// Tokens consumed so far.
    package fileprivate(set) var position = 0

    init(_ decoder: TextDecoder) {
      let dimensions = decoder.dimensions
      let width = dimensions.textWidth
      caches = decoder.layers.map {
        $0.makeCache(textContext: dimensions.textContext, audioContext: dimensions.audioContext)
      }
      positions = Matrix(columns: width, values: decoder.positions)
      workspace = Workspace(rows: max(dimensions.textContext, dimensions.audioContext), width: width)
      stream = Matrix(rows: dimensions.textContext, columns: width)
      normalized = Matrix(rows: dimensions.textContext, columns: width)
      logits = Matrix(rows: 1, columns: dimensions.vocabularySize)
    }

    /// Forgets the tokens from `position` on; the window stays.
    package func rewind(to position: Int) {
      precondition(position <= self.position)
      self.position = position
      for cache in caches { cache.selfAttention.truncate(to: position) }
    }
  }

  package func makeState() -> State { State(self) }

  /// Begins a new sequence over `encoded`, the audio features of a window, `[audioContext, audioWidth]`.
  package func begin(_ encoded: Matrix, in state: State, context: ComputeContext) {
    state.rewind(to: 0)
    for (layer, cache) in zip(layers, state.caches) {
      layer.attendTo(encoded, rows: encoded.rows, cache: cache, workspace: state.workspace, context: context)
    }
  }

  /// Consumes `tokens`, which follow those already consumed, in one pass.
  ///
  /// - Returns: the final hidden states, `[tokens, textWidth]`, in the first rows of a matrix of `state`, valid until
  ///   the next call.
  @discardableResult
  package func consume(
    _ tokens: [Int], in state: State, context: ComputeContext
  ) throws(WhisperError) -> Matrix {
    guard state.position + tokens.count <= dimensions.textContext else {
      throw .contextExceeded(tokens: state.position + tokens.count, positions: dimensions.textContext)
    }
    for (row, token) in tokens.enumerated() {
      guard (0..<dimensions.vocabularySize).contains(token) else {
        throw .noSuchToken(token, vocabularySize: dimensions.vocabularySize)
      }
      embedding.copyColumn(token, toRow: row, of: state.stream)
      state.stream.add(state.positions, row: state.position + row, toRow: row)
    }
    for (layer, cache) in zip(layers, state.caches) {
      layer(state.stream, rows: tokens.count, cache: cache, workspace: state.workspace, context: context)
    }
    state.position += tokens.count
    context.normalize(state.stream, rows: tokens.count, with: norm, into: state.normalized)
    return state.normalized
  }

  /// The logits of the token that follows row `row` of what ``consume(_:in:context:)`` returned, `[vocabularySize]`,
  /// in the one row of a matrix of `state`, valid until the next call.
  package func logits(ofRow row: Int, in state: State, context: ComputeContext) -> Matrix {
    context.product(state.normalized, inputRow: row, rows: 1, by: embedding, into: state.logits)
    return state.logits
  }
}
