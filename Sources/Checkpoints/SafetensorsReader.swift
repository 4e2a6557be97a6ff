// Hugging Face folders: one safetensors file, or several and an index.

import Foundation

/// Reads the weights of a Hugging Face folder from one file and the dimensions from the `config.json` beside
/// it.
func readSafetensors(_ file: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  let weights = try SafetensorsFile(file)
  var sources: [String: TensorSource] = [:]
  try collect(weights, into: &sources)
  return try WhisperCheckpoint(
    kind: .safetensors, dimensions: huggingFaceDimensions(beside: file), files: [file.url], name: file.name,
    sources: sources, alignmentHeads: statedAlignmentHeads(in: "generation_config.json", beside: file))
}

/// Reads the shards that a `model.safetensors.index.json` names.
func readShardedSafetensors(index: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  guard let map = try JSONParser.parse(index).object?["weight_map"]?.object else {
    throw .malformed(file: index.name, reason: "it has no \"weight_map\"")
  }
  var tensorsOfShard: [String: [String]] = [:]
  for (tensor, value) in map {
    // A name with a slash would read files outside the folder.
    guard let shard = value.string, !shard.isEmpty, !shard.contains("/"), shard != ".." else {
      throw .malformed(file: index.name, reason: "tensor \(tensor) is not in a file of this folder")
    }
    tensorsOfShard[shard, default: []].append(tensor)
  }
  let folder = index.url.deletingLastPathComponent()
  var sources: [String: TensorSource] = [:]
  var files: [URL] = []
  for (shard, tensors) in tensorsOfShard.sorted(by: { $0.key < $1.key }) {
    let url = folder.appending(path: shard)
    let weights: SafetensorsFile
    do {
      weights = try SafetensorsFile(url)
    } catch .notFound(let needed) {
      throw .missingCompanion(file: index.name, needed: needed)
    }
    for tensor in tensors.sorted() where weights.entry(tensor) == nil {
      throw .missingTensor(name: tensor, file: weights.file.name)
    }
    try collect(weights, into: &sources)
    files.append(url)
  }
  return try WhisperCheckpoint(
    kind: .safetensors, dimensions: huggingFaceDimensions(beside: index), files: files, name: index.name,
    sources: sources, alignmentHeads: statedAlignmentHeads(in: "generation_config.json", beside: index))
}

/// Adds the tensors of `weights` that may belong to the network, under their names without `model.`.
private func collect(_ weights: SafetensorsFile, into sources: inout [String: TensorSource])
  throws(CheckpointError)
{
  for entry in weights.entries {
    guard let name = networkName(ofHuggingFace: entry.name) else { continue }
    guard sources.updateValue(try weights.source(entry.name), forKey: name) == nil else {
      throw .duplicateTensor(name: name, file: weights.file.name)
    }
  }
}

/// The name without `model.`, or `nil` for a tensor that is no part of the network (a head of another task).
func networkName(ofHuggingFace name: String) -> String? {
  let bare = name.hasPrefix("model.") ? String(name.dropFirst("model.".count)) : name
  return bare.hasPrefix("encoder.") || bare.hasPrefix("decoder.") || bare == "proj_out.weight" ? bare : nil
}
