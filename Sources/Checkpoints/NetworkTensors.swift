// The tensors that Whisper's network consists of, with their shapes, from its dimensions.

extension ModelDimensions {
  /// A dimension above this is damage, and products of a few of them still fit an `Int`.
  private static let largest = 1 << 20

  /// Width of the hidden layer of an encoder's feed-forward block: four times the residual stream in every
  /// Whisper.
  package var audioFeedForward: Int { 4 * audioWidth }
  /// Width of the hidden layer of a decoder's feed-forward block.
  package var textFeedForward: Int { 4 * textWidth }

  /// Checks that a network can have these dimensions.
  func validate(file: String) throws(CheckpointError) {
    let all = [
      ("the number of mel bins", melBins), ("the audio context", audioContext),
      ("the audio width", audioWidth),
      ("the number of audio heads", audioHeads), ("the number of audio layers", audioLayers),
      ("the text context", textContext), ("the text width", textWidth),
      ("the number of text heads", textHeads),
      ("the number of text layers", textLayers), ("the vocabulary size", vocabularySize),
    ]
    for (name, value) in all where !(1...Self.largest).contains(value) {
      throw .badDimension(
        name: name, value: "\(value)", reason: "it must be between 1 and \(Self.largest)", file: file)
    }
    if audioWidth % audioHeads != 0 {
      throw .badDimension(
        name: "the audio width", value: "\(audioWidth)", reason: "\(audioHeads) heads do not divide it",
        file: file)
    }
    if textWidth % textHeads != 0 {
      throw .badDimension(
        name: "the text width", value: "\(textWidth)", reason: "\(textHeads) heads do not divide it",
        file: file)
    }
    if textWidth != audioWidth {
      throw .badDimension(
        name: "the text width", value: "\(textWidth)",
        reason: "cross attention needs it to equal the audio width, \(audioWidth)", file: file)
    }
  }

  /// Calls `body` with the name and shape of every tensor, in the order in which sound goes through the
  /// network.
  ///
  /// Names and shapes are not collected first: a damaged number of layers ends at the first tensor that is
  /// missing.
  package func forEachTensor(
    _ body: (_ name: String, _ shape: [Int]) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    func affine(_ name: String, _ weight: [Int]) throws(CheckpointError) {
      try body(name + ".weight", weight)
      try body(name + ".bias", [weight[0]])
    }
    func attention(_ name: String, _ width: Int) throws(CheckpointError) {
      try affine(name + ".q_proj", [width, width])
      try body(name + ".k_proj.weight", [width, width])
      try affine(name + ".v_proj", [width, width])
      try affine(name + ".out_proj", [width, width])
      try affine(name + "_layer_norm", [width])
    }
    func feedForward(_ name: String, _ width: Int, _ hidden: Int) throws(CheckpointError) {
      try affine(name + ".fc1", [hidden, width])
      try affine(name + ".fc2", [width, hidden])
      try affine(name + ".final_layer_norm", [width])
    }
    try affine("encoder.conv1", [audioWidth, melBins, 3])
    try affine("encoder.conv2", [audioWidth, audioWidth, 3])
    try body("encoder.embed_positions.weight", [audioContext, audioWidth])
    for layer in 0..<audioLayers {
      try attention("encoder.layers.\(layer).self_attn", audioWidth)
      try feedForward("encoder.layers.\(layer)", audioWidth, audioFeedForward)
    }
    try affine("encoder.layer_norm", [audioWidth])
    try body("decoder.embed_tokens.weight", [vocabularySize, textWidth])
    try body("decoder.embed_positions.weight", [textContext, textWidth])
    for layer in 0..<textLayers {
      try attention("decoder.layers.\(layer).self_attn", textWidth)
      try attention("decoder.layers.\(layer).encoder_attn", textWidth)
      try feedForward("decoder.layers.\(layer)", textWidth, textFeedForward)
    }
    try affine("decoder.layer_norm", [textWidth])
  }
}
