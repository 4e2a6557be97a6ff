// Files in order whose contents are not Whisper's network.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

@Suite struct NetworkCheckTests {
  /// Opens a Hugging Face folder made from the reference with a change, and gives the error.
  private func failure(_ change: (inout ReferenceCopy) throws -> Void) throws -> CheckpointError {
    let folder = TestFolder()
    try copyReference(to: folder, changing: change)
    return try #require(throws: CheckpointError.self) { try openCheckpoint(at: folder.url) }
  }

  /// A change to a number of config.json.
  private func failure(setting key: String, from old: String, to new: String) throws -> CheckpointError {
    try failure { copy in
      let changed = copy.config.replacingOccurrences(of: "\"\(key)\": \(old)", with: "\"\(key)\": \(new)")
      try #require(changed != copy.config)
      copy.config = changed
    }
  }

  @Test func unchangedCopyOpens() throws {
    let folder = TestFolder()
    try copyReference(to: folder) { _ in }
    #expect(try openCheckpoint(at: folder.url).dimensions == CheckpointFixture.dimensions)
  }

  /// Each tensor of the network in turn is left out; the error names it.
  @Test func everyTensorIsNeeded() throws {
    let names = try openCheckpoint(at: CheckpointFixture.folder.appending(path: "hf-f32")).tensors.map(\.name)
    for name in names {
      let error = try failure { $0.tensors["model." + name] = nil }
      guard case .missingTensor(name, _) = error else {
        Issue.record("\(name): \(error)")
        continue
      }
    }
  }

  @Test func everyShapeIsChecked() throws {
    let names = try openCheckpoint(at: CheckpointFixture.folder.appending(path: "hf-f32")).tensors.map(\.name)
    for name in names {
      let error = try failure { copy in
        // As many values in another shape.
        copy.tensors["model." + name]?.shape.append(1)
      }
      guard case .wrongShape(name, _, _, _) = error else {
        Issue.record("\(name): \(error)")
        continue
      }
    }
  }

  @Test(arguments: [
    "model.encoder.layers.2.fc1.weight", "model.decoder.layers.0.fc1.lora_A.weight",
    "model.encoder.conv3.weight",
  ])
  func strangersInsideTheNetwork(name: String) throws {
    let error = try failure { $0.tensors[name] = .init(shape: [1], values: [1]) }
    guard case .unexpectedTensor(let found, _) = error else { throw Unexpected() }
    #expect("model." + found == name)
  }

  @Test func keyBias() throws {
    let name = "model.decoder.layers.0.encoder_attn.k_proj.bias"
    let folder = TestFolder()
    try copyReference(to: folder) {
      $0.tensors[name] = .init(shape: [12], values: .init(repeating: 0, count: 12))
    }
    #expect(try openCheckpoint(at: folder.url).tensors.contains { $0.name.hasSuffix("k_proj.bias") } == false)
    let error = try failure {
      $0.tensors[name] = .init(shape: [12], values: .init(repeating: 0.1, count: 12))
    }
    guard case .unexpectedTensor = error else { throw Unexpected() }
  }

  @Test func vocabularyProjection() throws {
    let folder = TestFolder()
    try copyReference(to: folder) {
      $0.tensors["proj_out.weight"] = $0.tensors["model.decoder.embed_tokens.weight"]
    }
    #expect(try openCheckpoint(at: folder.url).tensors.contains { $0.name.contains("proj_out") } == false)
    let error = try failure { copy in
      copy.tensors["proj_out.weight"] = copy.tensors["model.decoder.embed_tokens.weight"]
      copy.tensors["proj_out.weight"]?.values[500] += 1
    }
    guard case .unexpectedTensor("proj_out.weight", _) = error else { throw Unexpected() }
  }

  @Test func sameTensorWithAndWithoutPrefix() throws {
    let error = try failure {
      $0.tensors["encoder.conv1.bias"] = $0.tensors["model.encoder.conv1.bias"]
    }
    guard case .duplicateTensor("encoder.conv1.bias", _) = error else { throw Unexpected() }
  }

  /// Numbers of config.json that no network has, or that contradict the weights.
  @Test(arguments: [
    ("encoder_layers", "2", "3"), ("encoder_layers", "2", "1"), ("encoder_layers", "2", "0"),
    ("encoder_layers", "2", "9223372036854775807"), ("encoder_layers", "2", "1000000"),
    ("decoder_layers", "1", "-1"), ("vocab_size", "99", "100"), ("vocab_size", "99", "1e300"),
    ("vocab_size", "99", "99999999999999999999"), ("encoder_attention_heads", "2", "5"),
    ("decoder_attention_heads", "3", "0"), ("num_mel_bins", "8", "80"), ("encoder_ffn_dim", "48", "47"),
    ("d_model", "12", "24"), ("max_source_positions", "20", "1500"), ("max_target_positions", "14", "null"),
    ("scale_embedding", "false", "true"), ("activation_function", "\"gelu\"", "\"relu\""),
    ("model_type", "\"whisper\"", "\"bart\""),
  ])
  func configurationIsChecked(key: String, old: String, new: String) throws {
    _ = try failure(setting: key, from: old, to: new)
  }

  /// Shards outside the folder would be other people's files.
  @Test(arguments: ["../a.safetensors", "/etc/passwd", "", ".."])
  func shardPaths(shard: String) throws {
    let folder = TestFolder()
    let index = #"{"weight_map": {"model.encoder.conv1.weight": "\#(shard)"}}"#
    let url = try folder.write(Data(index.utf8), as: "model.safetensors.index.json")
    let error = try #require(throws: CheckpointError.self) { try openCheckpoint(at: url) }
    #expect(error.description.contains("not in a file of this folder"))
  }

  @Test(arguments: [
    ("model.safetensors.index.json", "model-00001.safetensors"),
    ("pytorch_model.bin.index.json", "pytorch_model-00001.bin"),
  ])
  func missingShard(index name: String, shard: String) throws {
    let folder = TestFolder()
    let index = #"{"weight_map": {"model.encoder.conv1.weight": "\#(shard)"}}"#
    _ = try folder.write(Data(index.utf8), as: name)
    let error = try #require(throws: CheckpointError.self) { try openCheckpoint(at: folder.url) }
    guard case .missingCompanion(_, let needed) = error else { throw Unexpected() }
    #expect(needed.hasSuffix(shard))
  }

  /// Shards that lack a tensor, that are of another format, or that overlap.
  @Test(arguments: ["hf-sharded", "hf-bin-sharded"])
  func damagedShards(fixture: String) throws {
    let source = CheckpointFixture.folder.appending(path: fixture)
    let shards = try openCheckpoint(at: source).files
    func failure(replacing shard: URL, by other: URL) throws -> CheckpointError {
      let folder = TestFolder()
      let model = folder.url.appending(path: "model")
      try FileManager.default.copyItem(at: source, to: model)
      let target = model.appending(path: shard.lastPathComponent)
      try FileManager.default.removeItem(at: target)
      try FileManager.default.copyItem(at: other, to: target)
      return try #require(throws: CheckpointError.self) { try openCheckpoint(at: model) }
    }
    guard case .missingTensor = try failure(replacing: shards[1], by: shards[0]) else { throw Unexpected() }
    let ggml = CheckpointFixture.folder.appending(path: "ggml-f16.bin")
    let error = try failure(replacing: shards[1], by: ggml)
    #expect(error.description.contains("as a shard must be"))
    let whole = CheckpointFixture.folder.appending(
      path: fixture == "hf-sharded" ? "hf-f32/model.safetensors" : "hf-bin/pytorch_model.bin")
    guard case .duplicateTensor = try failure(replacing: shards[1], by: whole) else { throw Unexpected() }
  }
}
