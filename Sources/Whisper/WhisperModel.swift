// A whole network, read from a checkpoint.

package import SwiftletCheckpoints

/// Encoder and decoder of one model in fp32.
package struct WhisperModel: Sendable {
  package let dimensions: ModelDimensions
  package let encoder: AudioEncoder
  package let decoder: TextDecoder

  /// Reads and packs every tensor of the network.
  package init(_ checkpoint: any Checkpoint) throws(CheckpointError) {
    dimensions = checkpoint.dimensions
    encoder = try AudioEncoder(checkpoint)
    decoder = try TextDecoder(checkpoint)
  }
}
