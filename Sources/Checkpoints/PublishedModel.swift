// The Whisper models that OpenAI and Hugging Face published, told by their dimensions.

extension ModelDimensions {
  /// The published model with these dimensions (the model cards of openai-whisper and Distil-Whisper), or `nil`.
  ///
  /// `large` and `large-v2` have the same dimensions, and so have a model and its fine-tuned descendants: the
  /// name says how the network is built, not what it learnt.
  package var publishedName: String? {
    guard audioContext == 1500, textContext == 448, audioWidth == textWidth, audioHeads == textHeads else {
      return nil
    }
    let englishOnly = vocabularySize == 51864
    guard englishOnly || vocabularySize == 51865 || vocabularySize == 51866 else { return nil }
    let size: String
    switch (audioWidth, audioHeads, audioLayers, textLayers) {
    case (384, 6, 4, 4): size = "tiny"
    case (512, 8, 6, 6): size = "base"
    case (768, 12, 12, 12): size = "small"
    case (1024, 16, 24, 24): size = "medium"
    case (1280, 20, 32, 32): size = melBins == 128 ? "large-v3" : "large or large-v2"
    case (1280, 20, 32, 4): size = "large-v3-turbo"
    default: return distilledName
    }
    let isThird = size.hasPrefix("large-v3")
    guard melBins == (isThird ? 128 : 80), (vocabularySize == 51866) == isThird else { return nil }
    if englishOnly { return size.hasPrefix("large") ? nil : size + ".en" }
    return size
  }

  /// Distil-Whisper's models: encoders of published ones, with two decoder layers, or four.
  private var distilledName: String? {
    switch (audioWidth, audioHeads, audioLayers, textLayers, melBins, vocabularySize) {
    case (768, 12, 12, 4, 80, 51864): "distil-small.en"
    case (1024, 16, 24, 2, 80, 51864): "distil-medium.en"
    case (1280, 20, 32, 2, 80, 51865): "distil-large-v2"
    case (1280, 20, 32, 2, 128, 51866): "distil-large-v3 or distil-large-v3.5"
    default: nil
    }
  }

  /// Weights and biases of the network in all; the vocabulary projection is the embedding and counts once.
  package var parameterCount: Int {
    func layer(_ width: Int, attentions: Int) -> Int {
      attentions * (4 * width * width + 3 * width + 2 * width) + 8 * width * width + 5 * width + 2 * width
    }
    let convolutions = audioWidth * (3 * melBins + 1) + audioWidth * (3 * audioWidth + 1)
    let encoder = convolutions + audioContext * audioWidth + audioLayers * layer(audioWidth, attentions: 1)
    let embeddings = (vocabularySize + textContext) * textWidth
    return encoder + embeddings + textLayers * layer(textWidth, attentions: 2) + 2 * audioWidth + 2
      * textWidth
  }
}
