// The cross-attention heads whose weights follow the sound.

import SwiftletBasics

/// A head of the decoder's cross attention, counted from 0.
package struct AlignmentHead: Hashable, Sendable, Codable {
  package var layer: Int
  package var head: Int

  package init(layer: Int, head: Int) {
    self.layer = layer
    self.head = head
  }
}

extension ModelDimensions {
  /// The heads that tell when a word was said.
  ///
  /// Those that the model's own files name; else those that OpenAI found for its published models (openai-whisper's
  /// `_ALIGNMENT_HEADS`; of the models with the dimensions of `large`, those of `large-v2`); else, as there, all heads of
  /// the upper half of the layers.
  ///
  /// - Parameter stated: what the model's files name. Heads that this network does not have mean that the file belongs
  ///   to another model, and are not believed.
  package func alignmentHeads(stated: [AlignmentHead]?) -> [AlignmentHead] {
    if let stated, !stated.isEmpty, stated.allSatisfy(has) { return stated }
    if let name = publishedName, let known = Self.publishedHeads[name] {
      return known.map { AlignmentHead(layer: $0.0, head: $0.1) }
    }
    return (textLayers / 2..<textLayers).flatMap { layer in
      (0..<textHeads).map { AlignmentHead(layer: layer, head: $0) }
    }
  }

  private func has(_ head: AlignmentHead) -> Bool {
    (0..<textLayers).contains(head.layer) && (0..<textHeads).contains(head.head)
  }

  /// By ``publishedName``: layer and head.
  private static let publishedHeads: [String: [(Int, Int)]] = [
    "tiny.en": [(1, 0), (2, 0), (2, 5), (3, 0), (3, 1), (3, 2), (3, 3), (3, 4)],
    "tiny": [(2, 2), (3, 0), (3, 2), (3, 3), (3, 4), (3, 5)],
    "base.en": [(3, 3), (4, 7), (5, 1), (5, 5), (5, 7)],
    "base": [(3, 1), (4, 2), (4, 3), (4, 7), (5, 1), (5, 2), (5, 4), (5, 6)],
    "small.en": [
      (6, 6), (7, 0), (7, 3), (7, 8), (8, 2), (8, 5), (8, 7), (9, 0), (9, 4), (9, 8), (9, 10), (10, 0),
      (10, 1), (10, 2), (10, 3), (10, 6), (10, 11), (11, 2), (11, 4),
    ],
    "small": [
      (5, 3), (5, 9), (8, 0), (8, 4), (8, 7), (8, 8), (9, 0), (9, 7), (9, 9), (10, 5),
    ],
    "medium.en": [
      (11, 4), (14, 1), (14, 12), (14, 14), (15, 4), (16, 0), (16, 4), (16, 9), (17, 12), (17, 14), (18, 7),
      (18, 10), (18, 15), (20, 0), (20, 3), (20, 9), (20, 14), (21, 12),
    ],
    "medium": [(13, 15), (15, 4), (15, 15), (16, 1), (20, 0), (23, 4)],
    "large or large-v2": [
      (10, 12), (13, 17), (16, 11), (16, 12), (16, 13), (17, 15), (17, 16), (18, 4), (18, 11), (18, 19),
      (19, 11), (21, 2), (21, 3), (22, 3), (22, 9), (22, 12), (23, 5), (23, 7), (23, 13), (25, 5), (26, 1),
      (26, 12), (27, 15),
    ],
    "large-v3": [
      (7, 0), (10, 17), (12, 18), (13, 12), (16, 1), (17, 14), (19, 11), (21, 4), (24, 1), (25, 6),
    ],
    "large-v3-turbo": [(2, 4), (2, 11), (3, 3), (3, 6), (3, 11), (3, 14)],
  ]
}

/// The `alignment_heads` of a JSON file beside `weights`: pairs of a layer and a head.
///
/// - Parameter name: transformers writes them to `generation_config.json`, CTranslate2's converter to `config.json`.
/// - Returns: nil where the file or the list is missing or is something else: the network runs without it.
func statedAlignmentHeads(in name: String, beside weights: MappedFile) -> [AlignmentHead]? {
  guard let file = try? MappedFile(weights.url.deletingLastPathComponent().appending(path: name)),
    case .array(let pairs)? = (try? file.json())?.object?["alignment_heads"]
  else { return nil }
  let heads = pairs.compactMap(\.integers).filter { $0.count == 2 }
  return heads.count == pairs.count ? heads.map { AlignmentHead(layer: $0[0], head: $0[1]) } : nil
}
