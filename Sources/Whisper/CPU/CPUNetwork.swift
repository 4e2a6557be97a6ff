// The network on the processor's cores.

package import SwiftletCheckpoints
package import SwiftletCompute

/// Encoder and decoder over a pool of threads.
///
/// Its work space is used by one caller at a time, as ``Network`` says.
package final class CPUNetwork: Network, @unchecked Sendable {
  package let model: WhisperModel
  package let context: ComputeContext
  let encoder: AudioEncoder.State
  let decoder: TextDecoder.State

  package init(_ model: WhisperModel, context: ComputeContext) throws {
    self.model = model
    self.context = context
    encoder = try model.encoder.makeState(context)
    decoder = try model.decoder.makeState(context)
  }

  package var dimensions: ModelDimensions { model.dimensions }
  package var alignmentHeads: [AlignmentHead] { model.alignmentHeads }
  package var maximumSequences: Int { TextDecoder.State.sequences }
  package var maximumWindows: Int { 1 }

  package func makeAudioMemory() -> AudioMemory {
    AudioMemory(LayerMemories(model.decoder, capacity: dimensions.audioContext))
  }

  package func makeSequence(over audio: AudioMemory) -> TextSequence {
    TextSequence(
      LayerMemories(model.decoder, capacity: dimensions.textContext), over: audio,
      capacity: dimensions.textContext)
  }

  @discardableResult
  package func listen(
    to windows: [EncoderInput], into memories: [AudioMemory]
  ) throws(WhisperError) -> ListeningTime {
    precondition(windows.count == memories.count)
    let clock = ContinuousClock()
    var time = ListeningTime()
    for (window, memory) in zip(windows, memories) {
      let begin = clock.now
      try encode(window)
      let encoded = clock.now
      attend(to: encoder.output, at: encoder.outputPositions, with: memory)
      time.encoder += (encoded - begin) / .seconds(1)
      time.decoder += (clock.now - encoded) / .seconds(1)
    }
    return time
  }

  /// The first part of listening: what comes of it is in ``features`` until the next window.
  package func encode(_ window: EncoderInput) throws(WhisperError) {
    try model.encoder.encode(
      window.logMel, soundFrames: window.soundFrames, at: window.positions, in: encoder, context: context)
  }

  /// The audio features of the window that was encoded last, fp32, `[≥ positions.rows, audioWidth]`.
  package var features: Matrix { encoder.output }

  /// The second part of listening: the keys and values of features.
  ///
  /// - Parameter positions: which positions their rows are.
  package func attend(to features: Matrix, at positions: EncoderPositions, with memory: AudioMemory) {
    model.decoder.listen(to: features, at: positions, into: memory, state: decoder, context: context)
  }

  package func step(_ sequences: [TextSequence]) throws(WhisperError) {
    _ = try checkStep(sequences)
    model.decoder.step(sequences, in: decoder, context: context)
  }

  package func computeLogits(ofRows rows: [Int]) -> Matrix {
    model.decoder.computeLogits(ofRows: rows, in: decoder, context: context)
    return decoder.logits
  }

  package func crossAttention(
    of heads: [AlignmentHead], positions: Int, consuming sequence: TextSequence
  ) throws(WhisperError) -> CrossAttentionWeights {
    let weights = CrossAttentionWeights(of: heads, positions: positions, consuming: sequence)
    decoder.workspace.observer = weights
    defer { decoder.workspace.observer = nil }
    try step([sequence])
    return weights
  }
}

/// Keys and values of one attention of every layer.
final class LayerMemories: KeyValueStore {
  let layers: [AttentionMemory]

  init(_ decoder: TextDecoder, capacity: Int) {
    let dimensions = decoder.dimensions
    layers = decoder.layers.map { _ in
      AttentionMemory(
        heads: dimensions.textHeads, headWidth: dimensions.textWidth / dimensions.textHeads,
        capacity: capacity, precision: decoder.precision.attention)
    }
  }

  func rewind(to position: Int) {
    for memory in layers { memory.count = position }
  }

  func copy(from other: any KeyValueStore, after shared: Int) {
    for (memory, source) in zip(layers, other.memories) { memory.copy(from: source, after: shared) }
  }
}

extension KeyValueStore {
  /// By layer; of this network's stores only.
  var memories: [AttentionMemory] {
    guard let store = self as? LayerMemories else {
      preconditionFailure("keys and values of another network")
    }
    return store.layers
  }
}
