// The encoder: a log-mel spectrogram to a sequence of audio features.

package import SwiftletCheckpoints
package import SwiftletCompute

/// Whisper's encoder: two convolutions, positions, transformer layers and a final layer normalization.
package struct AudioEncoder: Sendable {
  package let dimensions: ModelDimensions
  private let firstConvolution: Convolution
  private let secondConvolution: Convolution
  /// `[audioContext, audioWidth]`.
  private let positions: [Float]
  private let layers: [EncoderLayer]
  private let norm: LayerNormalization

  package init(_ checkpoint: any Checkpoint) throws(CheckpointError) {
    let dimensions = checkpoint.dimensions
    self.dimensions = dimensions
    let width = dimensions.audioWidth
    firstConvolution = try Convolution(
      "encoder.conv1", in: checkpoint, inputs: dimensions.melBins, outputs: width, stride: 1)
    secondConvolution = try Convolution(
      "encoder.conv2", in: checkpoint, inputs: width, outputs: width, stride: 2)
    positions = try checkpoint.floats(of: "encoder.embed_positions.weight")
    var layers: [EncoderLayer] = []
    for index in 0..<dimensions.audioLayers {
      layers.append(
        try EncoderLayer(
          "encoder.layers.\(index)", in: checkpoint, width: width, heads: dimensions.audioHeads))
    }
    self.layers = layers
    norm = try LayerNormalization("encoder.layer_norm", in: checkpoint)
  }

  /// Frames of log-mel that make one window: two for each position.
  package var frames: Int { 2 * dimensions.audioContext }

  /// The matrices that encoding one window takes; made once and used for one window after the other.
  package final class State {
    let mel: Matrix
    let convolved: Matrix
    let positions: Matrix
    let stream: Matrix
    let store: KeyValueStore
    let workspace: Workspace
    /// The audio features of the last window, `[audioContext, audioWidth]`.
    package let output: Matrix

    init(_ encoder: AudioEncoder) {
      let dimensions = encoder.dimensions
      let width = dimensions.audioWidth
      let rows = dimensions.audioContext
      mel = Matrix(rows: encoder.frames + 2, columns: dimensions.melBins)
      convolved = Matrix(rows: encoder.frames + 2, columns: width)
      positions = Matrix(columns: width, values: encoder.positions)
      stream = Matrix(rows: rows, columns: width)
      store = KeyValueStore(
        heads: dimensions.audioHeads, headWidth: width / dimensions.audioHeads, capacity: rows)
      workspace = Workspace(rows: rows, width: width)
      output = Matrix(rows: rows, columns: width)
    }
  }

  package func makeState() -> State { State(self) }

  /// Encodes one window into `state.output`.
  ///
  /// - Parameter logMel: frame-major, `[2 · audioContext, melBins]`.
  package func encode(
    _ logMel: [Float], in state: State, context: ComputeContext
  ) throws(WhisperError) {
    guard logMel.count == frames * dimensions.melBins else {
      throw .spectrogramSize(count: logMel.count, expected: frames * dimensions.melBins)
    }
    let rows = dimensions.audioContext
    // The first and the last row of both operands stay zero: the convolutions' padding.
    state.mel.replaceRows(from: 1, with: logMel.span)
    firstConvolution(state.mel, rows: frames, into: state.convolved, outputRow: 1, in: context)
    secondConvolution(
      state.convolved, rows: rows, residual: state.positions, into: state.stream, in: context)
    for layer in layers {
      layer(state.stream, rows: rows, store: state.store, workspace: state.workspace, context: context)
    }
    context.normalize(state.stream, rows: rows, with: norm, into: state.output)
  }
}
