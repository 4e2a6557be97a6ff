// What `swiftlet inspect` prints of an engine.

package import Foundation
import SwiftletCheckpoints

/// The description of the engine in `folder` and its tensors with packed shapes and types.
///
/// - Throws: ``EngineError`` or ``CheckpointError``.
package func engineReport(at folder: URL) throws -> String {
  let d = try readEngineDescription(in: folder)
  let n = d.dimensions
  var lines = [
    "kind:            Swiftlet engine, format \(d.version), packed as \(d.packing)",
    "built from:      \(d.model), SHA-256 \(d.checkpoint)",
    "published as:    \(n.publishedName ?? "none of the published sizes")",
    "precisions:      encoder \(d.encoderPrecision.rawValue), decoder \(d.decoderPrecision.rawValue)",
    "mel bins:        \(n.melBins)",
    "vocabulary:      \(n.vocabularySize)",
    "encoder:         \(n.audioLayers) layers, width \(n.audioWidth), \(n.audioHeads) heads, "
      + "\(n.audioContext) positions",
    "decoder:         \(n.textLayers) layers, width \(n.textWidth), \(n.textHeads) heads, \(n.textContext) positions",
  ]
  for part in EnginePart.allCases {
    let file = try SafetensorsFile(folder.appending(path: part.fileName))
    lines.append(
      "\n\(part.fileName): \(file.file.count) bytes, SHA-256 \(d.files[part.fileName]?.sha256 ?? "unknown")")
    for entry in file.entries {
      let shape = entry.shape.map(String.init).joined(separator: ", ")
      lines.append("  \(entry.name)  [\(shape)] \(entry.type.rawValue)")
    }
  }
  return lines.joined(separator: "\n")
}
