// The names and numbers of the engine format.

package import SwiftletCheckpoints
package import SwiftletCompute

/// What the metadata of an engine file says, under `__metadata__`.
package enum EngineFormat {
  /// Raised when an engine of before can no longer be read.
  package static let version = "2"
  /// How weights are packed. The same for every instruction set: see docs/architecture.md.
  package static let packing = "panels-of-64"
  package static let description = "engine.json"

  enum Key {
    static let version = "swiftlet.version"
    static let part = "swiftlet.part"
    static let packing = "swiftlet.packing"
    static let precision = "swiftlet.precision"
    static let model = "swiftlet.model"
    static let dimensions = "swiftlet.dimensions"
    static let checkpoint = "swiftlet.checkpoint.sha256"
  }
}

/// `engine.json`: what an engine folder holds.
package struct EngineDescription: Codable, Sendable, Hashable {
  package var version: String
  package var packing: String
  /// The model's name, or that of the file it was built from.
  package var model: String
  package var dimensions: ModelDimensions
  package var encoderPrecision: Precision
  package var decoderPrecision: Precision
  /// SHA-256 of the checkpoint's files, as `swiftlet inspect` prints it.
  package var checkpoint: String
  /// The alignment heads that the model's files name, if they do.
  package var alignmentHeads: [AlignmentHead]?
  /// By file name.
  package var files: [String: File]

  package struct File: Codable, Sendable, Hashable {
    package var bytes: Int
    package var sha256: String
  }

  /// Precisions for people.
  package var precisions: String {
    encoderPrecision == decoderPrecision
      ? encoderPrecision.rawValue : "\(encoderPrecision.rawValue)/\(decoderPrecision.rawValue)"
  }
}
