// The dimensions in the config.json of a Hugging Face folder.

import Foundation
import SwiftletBasics

/// Reads the `config.json` beside `weights` (transformers' `WhisperConfig`).
///
/// - Throws: ``CheckpointError/missingCompanion(file:needed:)`` without one, and errors that name the config.
func huggingFaceDimensions(beside weights: MappedFile) throws(CheckpointError) -> ModelDimensions {
  let url = weights.url.deletingLastPathComponent().appending(path: "config.json")
  let file: MappedFile
  do {
    file = try MappedFile(url)
  } catch .notFound(let needed) {
    throw .missingCompanion(file: weights.name, needed: needed)
  }
  guard let config = try file.json().object else {
    throw .malformed(file: file.name, reason: "it is not a JSON object")
  }
  if let type = config["model_type"]?.string, type != "whisper" {
    throw .notWhisper(file: file.name, found: "a model of type \"\(type)\"")
  }
  if let activation = config["activation_function"]?.string, activation != "gelu" {
    throw .unsupported(
      file: file.name, what: "the activation function \"\(activation)\"",
      advice: "Whisper's network uses only \"gelu\".")
  }
  if config["scale_embedding"]?.bool == true {
    throw .unsupported(
      file: file.name, what: "scale_embedding", advice: "Published Whisper models do not scale embeddings.")
  }
  func dimension(_ key: String) throws(CheckpointError) -> Int {
    guard let value = config[key]?.integer else {
      throw .malformed(file: file.name, reason: "it has no whole number for \"\(key)\"")
    }
    return value
  }
  let width = try dimension("d_model")
  let dimensions = ModelDimensions(
    melBins: try dimension("num_mel_bins"), audioContext: try dimension("max_source_positions"),
    audioWidth: width,
    audioHeads: try dimension("encoder_attention_heads"), audioLayers: try dimension("encoder_layers"),
    textContext: try dimension("max_target_positions"), textWidth: width,
    textHeads: try dimension("decoder_attention_heads"), textLayers: try dimension("decoder_layers"),
    vocabularySize: try dimension("vocab_size"))
  try dimensions.validate(file: file.name)
  for (key, expected) in [
    ("encoder_ffn_dim", dimensions.audioFeedForward), ("decoder_ffn_dim", dimensions.textFeedForward),
  ] {
    if let found = config[key]?.integer, found != expected {
      throw .badDimension(
        name: "\"\(key)\"", value: "\(found)",
        reason: "Whisper's network has four times d_model, \(expected)",
        file: file.name)
    }
  }
  return dimensions
}
