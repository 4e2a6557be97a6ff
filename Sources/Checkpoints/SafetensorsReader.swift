// Hugging Face folders with one safetensors file.

import Foundation

/// Reads the weights of a Hugging Face folder from one file and the dimensions from the `config.json` beside
/// it.
func readSafetensors(_ file: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  try WhisperCheckpoint(
    kind: .safetensors, dimensions: huggingFaceDimensions(beside: file), files: [file.url], name: file.name,
    sources: SafetensorsFile(file).networkSources,
    alignmentHeads: statedAlignmentHeads(in: "generation_config.json", beside: file))
}

extension SafetensorsFile {
  /// The tensors that may belong to the network, under their names without `model.`.
  var networkSources: [String: TensorSource] {
    get throws(CheckpointError) {
      var sources: [String: TensorSource] = [:]
      for entry in entries {
        guard let name = networkName(ofHuggingFace: entry.name) else { continue }
        guard sources.updateValue(try source(entry.name), forKey: name) == nil else {
          throw .duplicateTensor(name: name, file: file.name)
        }
      }
      return sources
    }
  }
}

/// The name without `model.`, or `nil` for a tensor that is no part of the network (a head of another task).
func networkName(ofHuggingFace name: String) -> String? {
  let bare = name.hasPrefix("model.") ? String(name.dropFirst("model.".count)) : name
  return bare.hasPrefix("encoder.") || bare.hasPrefix("decoder.") || bare == "proj_out.weight" ? bare : nil
}
