// What a model is made of, for people.

package import Foundation
import SwiftletCheckpoints
import SwiftletWhisper

/// A checkpoint or an engine: its kind, dimensions, tensors and digests.
package struct ModelDescription: Sendable {
  /// Several lines.
  package let text: String

  /// Reads the model at `url`, every byte of a checkpoint included.
  ///
  /// - Throws: ``SwiftletError``.
  package init(of url: URL) throws {
    text = try throwingPublicErrors {
      EngineStore.isEngine(at: url) ? try engineReport(at: url) : try Self.text(of: openCheckpoint(at: url))
    }
  }

  private static func text(of checkpoint: any Checkpoint) throws -> String {
    let d = checkpoint.dimensions
    return """
      kind:            \(checkpoint.kind.rawValue)
      published as:    \(d.publishedName ?? "none of the published sizes")
      parameters:      \(d.parameterCount)
      mel bins:        \(d.melBins)
      vocabulary:      \(d.vocabularySize)
      encoder:         \(d.audioLayers) layers, width \(d.audioWidth), \(d.audioHeads) heads, \(d.audioContext) positions
      decoder:         \(d.textLayers) layers, width \(d.textWidth), \(d.textHeads) heads, \(d.textContext) positions
      files:           \(checkpoint.files.map(\.path).joined(separator: "\n                 "))
      SHA-256, files:  \(try checkpointDigest(of: checkpoint))
      SHA-256, tensors: \(try tensorDigest(of: checkpoint))

      \(moduleTree(of: checkpoint))
      """
  }
}

/// What identifies an engine: what it computes depends on nothing else.
package struct EngineIdentity: Hashable, Sendable {
  /// The published model with these dimensions, if there is one.
  package let publishedModel: String?
  /// SHA-256 of the checkpoint's files.
  package let checkpoint: String
  /// Of encoder and decoder, where they differ with a slash: `int8/fp32`.
  package let precisions: String

  /// Reads what is said of the engine in `folder`.
  ///
  /// - Throws: ``SwiftletError``.
  package init(of folder: URL) throws {
    let description = try throwingPublicErrors { try readEngineDescription(in: folder) }
    publishedModel = description.dimensions.publishedName
    checkpoint = description.checkpoint
    precisions = description.precisions
  }
}

/// SHA-256 of a file's contents, in hexadecimal.
///
/// - Throws: ``SwiftletError``.
package func sha256(ofFile url: URL) throws -> String {
  try throwingPublicErrors { try fileDigest(of: MappedFile(url)) }
}
