// Which heads are looked at for word timestamps.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

@Suite struct AlignmentHeadTests {
  /// `Scripts/fixtures/words.py` takes them out of openai-whisper.
  @Test func publishedModelsHaveTheReferences() throws {
    struct Published: Decodable {
      var dimensions: [String: Int]
      var heads: [[Int]]
    }
    let data = try Data(contentsOf: Fixtures.url("checkpoints/alignment_heads.json"))
    let published = try JSONDecoder().decode([String: Published].self, from: data)
    #expect(published.count == 11)
    for (name, model) in published {
      func dimension(_ key: String) throws -> Int {
        let value = model.dimensions[key]
        return try #require(value)
      }
      let dimensions = ModelDimensions(
        melBins: try dimension("n_mels"), audioContext: 1_500, audioWidth: try dimension("n_audio_state"),
        audioHeads: try dimension("n_audio_head"), audioLayers: try dimension("n_audio_layer"),
        textContext: 448, textWidth: try dimension("n_text_state"), textHeads: try dimension("n_text_head"),
        textLayers: try dimension("n_text_layer"), vocabularySize: try dimension("n_vocab"))
      let expected = model.heads.map { AlignmentHead(layer: $0[0], head: $0[1]) }
      #expect(dimensions.alignmentHeads(stated: nil) == expected, "\(name)")
    }
  }

  @Test func theModelsOwnFilesComeFirst() {
    let dimensions = CheckpointFixture.dimensions
    let stated = [AlignmentHead(layer: 0, head: 2)]
    #expect(dimensions.alignmentHeads(stated: stated) == stated)
    let upperHalf = (0..<3).map { AlignmentHead(layer: 0, head: $0) }
    #expect(dimensions.alignmentHeads(stated: nil) == upperHalf)
    #expect(dimensions.alignmentHeads(stated: []) == upperHalf)
    // Another model's.
    for wrong in [AlignmentHead(layer: 1, head: 0), .init(layer: 0, head: 3), .init(layer: -1, head: 0)] {
      #expect(dimensions.alignmentHeads(stated: stated + [wrong]) == upperHalf)
    }
  }

  @Test func theUpperHalfOfTheLayers() {
    var dimensions = CheckpointFixture.dimensions
    dimensions.textLayers = 5
    #expect(Set(dimensions.alignmentHeads(stated: nil).map(\.layer)) == [2, 3, 4])
    #expect(dimensions.alignmentHeads(stated: nil).count == 9)
  }

  @Test(arguments: [
    ("hf-f16", "generation_config.json"), ("hf-sharded", "generation_config.json"),
    ("hf-bin", "generation_config.json"), ("hf-bin-sharded", "generation_config.json"),
    ("ctranslate2-float16", "config.json"),
  ])
  func filesThatNameThem(fixture: String, file: String) throws {
    let folder = TestFolder()
    let model = folder.url.appending(path: "model")
    try FileManager.default.copyItem(at: CheckpointFixture.folder.appending(path: fixture), to: model)
    #expect(try openCheckpoint(at: model).alignmentHeads == nil)
    for (json, heads) in [
      (
        "{\"alignment_heads\": [[0, 1], [0, 2]]}",
        [AlignmentHead(layer: 0, head: 1), .init(layer: 0, head: 2)]
      ),
      ("{\"alignment_heads\": null}", nil), ("{\"alignment_heads\": [[0, 1], [2]]}", nil),
      ("{\"alignment_heads\": [[0, 1], [\"2\", 3]]}", nil), ("[]", nil), ("{", nil),
    ] {
      try Data(json.utf8).write(to: model.appending(path: file))
      #expect(try openCheckpoint(at: model).alignmentHeads == heads, "\(json)")
    }
  }
}
