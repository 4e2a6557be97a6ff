// The numbers that fix the shape of a Whisper network.

/// The dimensions of a Whisper model, under the names OpenAI's `ModelDimensions` gives them in prose.
package struct ModelDimensions: Hashable, Sendable, Codable {
  /// Rows of the log-mel spectrogram: 80, or 128 from large-v3 on.
  package var melBins: Int
  /// Encoder positions a window: 1500, which is 30 s in steps of 20 ms.
  package var audioContext: Int
  /// Width of the encoder's residual stream.
  package var audioWidth: Int
  /// Attention heads of an encoder layer.
  package var audioHeads: Int
  /// Layers of the encoder.
  package var audioLayers: Int
  /// Positions of the decoder: 448.
  package var textContext: Int
  /// Width of the decoder's residual stream; equal to `audioWidth` in every published model.
  package var textWidth: Int
  /// Attention heads of a decoder layer.
  package var textHeads: Int
  /// Layers of the decoder.
  package var textLayers: Int
  /// Rows of the token embedding: 51864 (English only), 51865 (multilingual), 51866 (large-v3).
  package var vocabularySize: Int

  package init(
    melBins: Int, audioContext: Int, audioWidth: Int, audioHeads: Int, audioLayers: Int,
    textContext: Int, textWidth: Int, textHeads: Int, textLayers: Int, vocabularySize: Int
  ) {
    self.melBins = melBins
    self.audioContext = audioContext
    self.audioWidth = audioWidth
    self.audioHeads = audioHeads
    self.audioLayers = audioLayers
    self.textContext = textContext
    self.textWidth = textWidth
    self.textHeads = textHeads
    self.textLayers = textLayers
    self.vocabularySize = vocabularySize
  }
}
