// Hugging Face folders whose weights are split into several files, with an index beside them.

import Foundation
import SwiftletBasics

/// Reads the shards that a `model.safetensors.index.json` or a `pytorch_model.bin.index.json` names.
///
/// What the shards hold decides how they are read, not what the index is called.
func readSharded(index: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  let folder = index.url.deletingLastPathComponent()
  var sources: [String: TensorSource] = [:]
  var files: [URL] = []
  var kind = CheckpointKind.safetensors
  for (name, tensors) in try tensorsOfShards(index) {
    let url = folder.appending(path: name)
    let file: MappedFile
    do {
      file = try MappedFile(url)
    } catch .notFound(let needed) {
      throw .missingCompanion(file: index.name, needed: needed)
    }
    let shard = try ShardContents(file)
    for tensor in tensors where !shard.names.contains(tensor) {
      throw .missingTensor(name: tensor, file: file.name)
    }
    for (name, source) in shard.sources {
      guard sources.updateValue(source, forKey: name) == nil else {
        throw .duplicateTensor(name: name, file: file.name)
      }
    }
    kind = shard.kind
    files.append(url)
  }
  return try WhisperCheckpoint(
    kind: kind, dimensions: huggingFaceDimensions(beside: index), files: files, name: index.name,
    sources: sources, alignmentHeads: statedAlignmentHeads(in: "generation_config.json", beside: index))
}

/// The names of the shards in order, each with the tensors that the index says are in it.
private func tensorsOfShards(_ index: MappedFile) throws(CheckpointError) -> [(key: String, value: [String])]
{
  guard let map = try index.json().object?["weight_map"]?.object else {
    throw .malformed(file: index.name, reason: "it has no \"weight_map\"")
  }
  var tensors: [String: [String]] = [:]
  for (tensor, value) in map.sorted(by: { $0.key < $1.key }) {
    // A name with a slash would read files outside the folder.
    guard let shard = value.string, !shard.isEmpty, !shard.contains("/"), shard != ".." else {
      throw .malformed(file: index.name, reason: "tensor \(tensor) is not in a file of this folder")
    }
    tensors[shard, default: []].append(tensor)
  }
  return tensors.sorted { $0.key < $1.key }
}

/// What one shard holds.
private struct ShardContents {
  let kind: CheckpointKind
  /// All tensors, under the names that the file gives them.
  let names: Set<String>
  /// Those of the network, under their names without `model.`.
  let sources: [String: TensorSource]

  init(_ file: MappedFile) throws(CheckpointError) {
    switch try FileSignature(of: file) {
    case .safetensors:
      let weights = try SafetensorsFile(file)
      kind = .safetensors
      names = Set(weights.entries.map(\.name))
      sources = try weights.networkSources
    case .zip:
      let archive = try PyTorchArchive(file)
      guard let state = archive.members(of: archive.root) else {
        throw .notWhisper(file: file.name, found: "a pickle that is not a dictionary")
      }
      kind = .huggingFacePickle
      names = Set(state.keys)
      sources = try archive.sources(state, renamed: networkName(ofHuggingFace:))
    case .shardIndex, .ctranslate2, .ggml:
      throw .malformed(
        file: file.name, reason: "it is neither safetensors nor a PyTorch file, as a shard must be")
    }
  }
}
