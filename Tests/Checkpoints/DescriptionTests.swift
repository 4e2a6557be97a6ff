// Digests, the module tree and the names of published models.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

@Suite struct DescriptionTests {
  private func open(_ path: String) throws -> any Checkpoint {
    try openCheckpoint(at: CheckpointFixture.folder.appending(path: path))
  }

  @Test func sameNetworkSameDigest() throws {
    let exact = [
      "hf-f32", "hf-sharded", "hf-bin", "hf-bin-sharded", "openai-f32.pt", "ctranslate2-float32",
      "ggml-f32.bin",
    ]
    #expect(try Set(exact.map { try tensorDigest(of: open($0)) }).count == 1)
    let half = ["hf-f16", "openai-f16.pt", "ctranslate2-float16"]
    #expect(try Set(half.map { try tensorDigest(of: open($0)) }).count == 1)
    #expect(try tensorDigest(of: open("hf-f32")) != tensorDigest(of: open("hf-f16")))
  }

  /// Only the number of heads differs, which no tensor shows.
  @Test func headsAreInTheDigest() throws {
    let folder = TestFolder()
    try copyReference(to: folder) {
      $0.config = $0.config.replacingOccurrences(
        of: "\"encoder_attention_heads\": 2", with: "\"encoder_attention_heads\": 4")
    }
    #expect(try tensorDigest(of: openCheckpoint(at: folder.url)) != tensorDigest(of: open("hf-f32")))
  }

  /// What `sha256sum` says of the fixtures; a change of the fixtures changes these.
  @Test func fileDigest() throws {
    #expect(
      try checkpointDigest(of: open("ggml-f16.bin"))
        == "d3b82308f34af7aed261657462cba299e7f043e0ee8df5964cd6a8acb89aad6b")
    #expect(
      try checkpointDigest(of: open("hf-sharded"))
        == "21548b4abe40ed7676972dbfc3011bf8e206dbf73fa305d067016633ad95fd35")
  }

  @Test func tree() throws {
    let lines = try moduleTree(of: open("ctranslate2-int8_float32")).split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(12) == [
        "encoder (4 752)",
        "  conv1 (300)",
        "    weight [12, 8, 3] int8",
        "    bias [12] float32",
        "  conv2 (444)",
        "    weight [12, 12, 3] int8",
        "    bias [12] float32",
        "  embed_positions (240)",
        "    weight [20, 12] float32",
        "  layers 0–1 ×2 (1 872 each)",
        "    self_attn_layer_norm (24)",
        "      weight [12] float32",
      ])
    #expect(lines.contains("  layer 0 (2 508)"))
    #expect(lines.contains("      k_proj (144)"))
    #expect(lines.filter { $0.contains("fc1") }.count == 2)
  }

  @Test func parameterCount() throws {
    let checkpoint = try open("hf-f32")
    #expect(checkpoint.dimensions.parameterCount == checkpoint.tensors.reduce(0) { $0 + $1.elementCount })
  }

  @Test(
    arguments: [
      (384, 6, 4, 4, 51864, 80, "tiny.en"), (384, 6, 4, 4, 51865, 80, "tiny"),
      (512, 8, 6, 6, 51865, 80, "base"),
      (768, 12, 12, 12, 51864, 80, "small.en"), (1024, 16, 24, 24, 51865, 80, "medium"),
      (1280, 20, 32, 32, 51865, 80, "large or large-v2"), (1280, 20, 32, 32, 51866, 128, "large-v3"),
      (1280, 20, 32, 4, 51866, 128, "large-v3-turbo"), (1280, 20, 32, 3, 51866, 128, nil),
      (768, 12, 12, 4, 51864, 80, "distil-small.en"), (768, 12, 12, 4, 51865, 80, nil),
      (1280, 20, 32, 2, 51865, 80, "distil-large-v2"),
      (1280, 20, 32, 2, 51866, 128, "distil-large-v3 or distil-large-v3.5"),
      (1280, 20, 32, 32, 51864, 80, nil), (384, 6, 4, 4, 51865, 128, nil), (384, 12, 4, 4, 51865, 80, nil),
    ] as [(Int, Int, Int, Int, Int, Int, String?)])
  func publishedNames(
    width: Int, heads: Int, audioLayers: Int, textLayers: Int, vocabulary: Int, mels: Int, name: String?
  ) {
    let dimensions = ModelDimensions(
      melBins: mels, audioContext: 1500, audioWidth: width, audioHeads: heads, audioLayers: audioLayers,
      textContext: 448, textWidth: width, textHeads: heads, textLayers: textLayers, vocabularySize: vocabulary
    )
    #expect(dimensions.publishedName == name)
  }
}
