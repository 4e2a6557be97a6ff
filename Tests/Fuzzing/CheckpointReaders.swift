// The readers of checkpoints, and of the JSON beside them.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport

extension Reader {
  static let checkpoints = [
    checkpoint(
      "safetensors", as: "model.safetensors", beside: "hf-f16/config.json",
      seeds: ["hf-f32/model.safetensors", "hf-f16/model.safetensors", "hf-bf16/model.safetensors"]),
    checkpoint(
      "shard-index", as: "model.safetensors.index.json", beside: "hf-sharded/config.json",
      "hf-sharded/model-00001-of-00003.safetensors", "hf-sharded/model-00002-of-00003.safetensors",
      "hf-sharded/model-00003-of-00003.safetensors", seeds: ["hf-sharded/model.safetensors.index.json"]),
    checkpoint(
      "config", as: "config.json", besideEmptyWeights: true,
      seeds: ["hf-f16/config.json", "hf-bf16/config.json"]),
    checkpoint(
      "alignment-heads", as: "generation_config.json", beside: "hf-f16/config.json", besideEmptyWeights: true,
      texts: [#"{"alignment_heads": [[0, 0], [0, 2]], "\u00e9\ud83d\ude00": 1e3}"#]),
    checkpoint(
      "pytorch", as: "model.pt", beside: "hf-bin/config.json",
      seeds: ["openai-f16.pt", "openai-f32.pt", "hf-bin/pytorch_model.bin", "command.pt", "legacy.pt"]),
    checkpoint(
      "pytorch-shard-index", as: "pytorch_model.bin.index.json", beside: "hf-bin-sharded/config.json",
      "hf-bin-sharded/pytorch_model-00001-of-00002.bin", "hf-bin-sharded/pytorch_model-00002-of-00002.bin",
      seeds: ["hf-bin-sharded/pytorch_model.bin.index.json"]),
    checkpoint("ggml", as: "model.bin", seeds: ["ggml-f16.bin", "ggml-f32.bin"]),
    checkpoint(
      "ctranslate2", as: "model.bin",
      seeds: ["bfloat16", "float16", "float32", "int16", "int8_float16", "int8_float32"].map {
        "ctranslate2-\($0)/model.bin"
      }),
  ]

  /// - Parameters:
  ///   - name: of the reader.
  ///   - file: what the input is called.
  ///   - companions: fixtures that lie beside it.
  ///   - besideEmptyWeights: whether a file without tensors is opened in place of the input: what lies beside it is read
  ///     first, and reading tensors would take most of the time.
  ///   - seeds: fixtures.
  ///   - texts: further seeds.
  private static func checkpoint(
    _ name: String, as file: String, beside companions: String..., besideEmptyWeights: Bool = false,
    seeds: [String] = [], texts: [String] = []
  ) -> Reader {
    @Sendable func fixture(_ path: String) -> URL { Fixtures.url("checkpoints/\(path)") }
    return Reader(name: name) {
      try seeds.map { try Data(contentsOf: fixture($0)) } + texts.map { Data($0.utf8) }
    } prepare: {
      let scratch = try Scratch(companions: companions.map(fixture))
      let weights = scratch.url.appending(path: "model.safetensors")
      if besideEmptyWeights { try Data([2, 0, 0, 0, 0, 0, 0, 0] + "{}".utf8).write(to: weights) }
      return { bytes in
        let url = try scratch.write(bytes, as: file)
        do throws(CheckpointError) {
          let checkpoint = try openCheckpoint(at: besideEmptyWeights ? weights : url)
          for tensor in checkpoint.tensors {
            let count = try checkpoint.floats(of: tensor.name).count
            guard count == tensor.elementCount else { fatalError("\(tensor) has \(count) values") }
          }
          _ = checkpoint.dimensions.alignmentHeads(stated: checkpoint.alignmentHeads)
        } catch {
          try expect(error.description.contains(scratch.url.lastPathComponent), "no file is named: \(error)")
        }
      }
    }
  }
}
