// CTranslate2's model.bin, as faster-whisper uses it.

import Foundation

/// Reads a CTranslate2 `model.bin` of binary version 6 (`ModelSpec._serialize` in CTranslate2's
/// model_spec.py).
///
/// Integer weights are divided by their scale (`weight_scale`: one number a row for int8, one in all for
/// int16). The projections that CTranslate2 fuses are split: query, key and value of self attention, key and
/// value of cross attention. Queries are stored unscaled, as in Whisper itself: the factor is applied when
/// the model runs.
func readCTranslate2(_ file: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  let variables = try CTranslate2Variables(file)
  try variables.checkAttributes()
  var sources: [String: TensorSource] = [:]
  for name in variables.names {
    for (target, source) in try variables.networkTensors(name) {
      guard sources.updateValue(source, forKey: target) == nil else {
        throw .duplicateTensor(name: target, file: file.name)
      }
    }
  }
  func shape(_ name: String, rank: Int) throws(CheckpointError) -> [Int] {
    guard let shape = sources[name]?.shape else { throw .missingTensor(name: name, file: file.name) }
    guard shape.count == rank else {
      throw .malformed(file: file.name, reason: "tensor \(name) has shape \(shape), not \(rank) dimensions")
    }
    return shape
  }
  func layers(_ side: String) -> Int {
    sources.keys.count { $0.hasPrefix("\(side).layers.") && $0.hasSuffix(".fc1.weight") }
  }
  let audio = try shape("encoder.embed_positions.weight", rank: 2)
  let text = try shape("decoder.embed_positions.weight", rank: 2)
  let dimensions = ModelDimensions(
    melBins: try shape("encoder.conv1.weight", rank: 3)[1], audioContext: audio[0], audioWidth: audio[1],
    audioHeads: try variables.integer("encoder/num_heads"), audioLayers: layers("encoder"),
    textContext: text[0], textWidth: text[1], textHeads: try variables.integer("decoder/num_heads"),
    textLayers: layers("decoder"), vocabularySize: try shape("decoder.embed_tokens.weight", rank: 2)[0])
  return try WhisperCheckpoint(
    kind: .ctranslate2, dimensions: dimensions, files: [file.url], name: file.name, sources: sources,
    alignmentHeads: statedAlignmentHeads(in: "config.json", beside: file))
}

extension CTranslate2Variables {
  /// The tensors that a variable holds, by Hugging Face's names: several if it is fused, none if it is a
  /// scale, an attribute, or outside the network.
  fileprivate func networkTensors(_ name: String) throws(CheckpointError) -> [(String, TensorSource)] {
    if isScale(name) || name == "decoder/projection/weight" || isScalar(name) { return [] }
    // Which heads word timestamps look at: no part of the network.
    if name.hasPrefix("decoder/alignment_") { return [] }
    let source = try source(name)
    if let fixed = Self.fixedNames[name] { return [(fixed, source)] }
    let parts = name.split(separator: "/").map(String.init)
    guard parts.count == 4 || parts.count == 5, parts[1].hasPrefix("layer_"),
      let layer = Int(parts[1].dropFirst("layer_".count)), parts[0] == "encoder" || parts[0] == "decoder",
      let element = Self.elements[parts[parts.count - 1]],
      let targets = Self.modules[parts[2..<(parts.count - 1)].joined(separator: "/")]
    else { throw .unexpectedTensor(name: name, file: file.name) }
    let sources = targets.count == 1 ? [source] : try source.split(targets.count, name: name)
    return zip(targets, sources).map { ("\(parts[0]).layers.\(layer).\($0).\(element)", $1) }
  }

  private static let fixedNames = [
    "encoder/conv1/weight": "encoder.conv1.weight", "encoder/conv1/bias": "encoder.conv1.bias",
    "encoder/conv2/weight": "encoder.conv2.weight", "encoder/conv2/bias": "encoder.conv2.bias",
    "encoder/position_encodings/encodings": "encoder.embed_positions.weight",
    "encoder/layer_norm/gamma": "encoder.layer_norm.weight",
    "encoder/layer_norm/beta": "encoder.layer_norm.bias",
    "decoder/position_encodings/encodings": "decoder.embed_positions.weight",
    "decoder/layer_norm/gamma": "decoder.layer_norm.weight",
    "decoder/layer_norm/beta": "decoder.layer_norm.bias",
    "decoder/embeddings/weight": "decoder.embed_tokens.weight",
  ]

  private static let elements = ["weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"]

  /// Modules of a layer and what they are called elsewhere, the parts of a fused one in the order of their
  /// rows.
  private static let modules = [
    "self_attention/layer_norm": ["self_attn_layer_norm"],
    "self_attention/linear_0": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "self_attention/linear_1": ["self_attn.out_proj"],
    "attention/layer_norm": ["encoder_attn_layer_norm"],
    "attention/linear_0": ["encoder_attn.q_proj"],
    "attention/linear_1": ["encoder_attn.k_proj", "encoder_attn.v_proj"],
    "attention/linear_2": ["encoder_attn.out_proj"],
    "ffn/layer_norm": ["final_layer_norm"],
    "ffn/linear_0": ["fc1"],
    "ffn/linear_1": ["fc2"],
  ]
}
