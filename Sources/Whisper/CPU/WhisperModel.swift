// A whole network, ready to run.

package import Foundation
package import SwiftletCheckpoints
import SwiftletCompute

/// Encoder and decoder of one model, each at a precision of its own, mapped from an engine folder.
package struct WhisperModel: Sendable {
  package let description: EngineDescription
  let encoder: AudioEncoder
  let decoder: TextDecoder

  package var dimensions: ModelDimensions { description.dimensions }
  /// The cross-attention heads that tell when a word was said.
  package var alignmentHeads: [AlignmentHead] {
    dimensions.alignmentHeads(stated: description.alignmentHeads)
  }

  /// Maps the engines in `folder`; nothing is copied.
  ///
  /// - Throws: ``EngineError``.
  package init(engine folder: URL) throws {
    description = try readEngineDescription(in: folder)
    encoder = try AudioEncoder(EngineFile(.encoder, in: folder, description), description.dimensions)
    decoder = try TextDecoder(EngineFile(.decoder, in: folder, description), description.dimensions)
  }
}
