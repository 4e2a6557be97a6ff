// PyTorch files: OpenAI's .pt and Hugging Face's pytorch_model.bin.

import Foundation

/// Reads a zip file of torch.save. With `dims` and `model_state_dict` it is one of OpenAI's; a plain state
/// dictionary is Hugging Face's, with a `config.json` beside it.
func readPyTorch(_ file: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  let archive = try PyTorchArchive(file)
  guard let root = archive.members(of: archive.root) else {
    throw .notWhisper(file: file.name, found: "a pickle that is not a dictionary")
  }
  if let dims = root["dims"], let state = root["model_state_dict"] {
    guard let dims = archive.members(of: dims), let state = archive.members(of: state) else {
      throw .malformed(file: file.name, reason: "its dims or model_state_dict is not a dictionary")
    }
    let dimensions = try openAIDimensions(dims, file: file)
    let sources = try archive.sources(state, renamed: networkName(ofOpenAI:))
    return try WhisperCheckpoint(
      kind: .openAI, dimensions: dimensions, files: [file.url], name: file.name, sources: sources)
  }
  let sources = try archive.sources(root, renamed: networkName(ofHuggingFace:))
  guard !sources.isEmpty else {
    throw .notWhisper(file: file.name, found: "a dictionary without an encoder or decoder")
  }
  return try WhisperCheckpoint(
    kind: .huggingFacePickle, dimensions: huggingFaceDimensions(beside: file), files: [file.url],
    name: file.name, sources: sources,
    alignmentHeads: statedAlignmentHeads(in: "generation_config.json", beside: file))
}

/// OpenAI's `ModelDimensions`, which its files carry.
private func openAIDimensions(
  _ dims: [String: PickleValue], file: MappedFile
) throws(CheckpointError) -> ModelDimensions {
  func dimension(_ key: String) throws(CheckpointError) -> Int {
    guard let value = dims[key]?.integer else {
      throw .malformed(file: file.name, reason: "its dims have no whole number for \(key)")
    }
    return value
  }
  return ModelDimensions(
    melBins: try dimension("n_mels"), audioContext: try dimension("n_audio_ctx"),
    audioWidth: try dimension("n_audio_state"), audioHeads: try dimension("n_audio_head"),
    audioLayers: try dimension("n_audio_layer"), textContext: try dimension("n_text_ctx"),
    textWidth: try dimension("n_text_state"), textHeads: try dimension("n_text_head"),
    textLayers: try dimension("n_text_layer"), vocabularySize: try dimension("n_vocab"))
}
