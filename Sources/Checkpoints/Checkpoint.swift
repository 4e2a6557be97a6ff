// What every reader of a checkpoint gives, whoever made the file.

package import Foundation

/// A Whisper model on disk, seen as named tensors.
///
/// Names and shapes are those of Hugging Face's `WhisperModel` without the leading `model.`
/// (`encoder.layers.0.self_attn.q_proj.weight`, `[out, in]`; `encoder.conv1.weight`, `[out, in, 3]`),
/// whatever the file calls them, so that the same model gives the same tensors from every format. The
/// vocabulary projection is the transposed `decoder.embed_tokens.weight` and is not listed apart.
package protocol Checkpoint: Sendable {
  /// Which format the files are in.
  var kind: CheckpointKind { get }
  /// The dimensions of the network.
  var dimensions: ModelDimensions { get }
  /// The files that hold the weights: one, or the shards in the order of their names.
  var files: [URL] { get }
  /// Every tensor of the network, in the order of their names.
  var tensors: [TensorDescription] { get }
  /// The alignment heads that the model's files name; nil if they name none. See
  /// ``ModelDimensions/alignmentHeads(stated:)``.
  var alignmentHeads: [AlignmentHead]? { get }
  /// The values of one tensor as fp32, row-major, in the shape that ``tensors`` gives.
  ///
  /// - Throws: ``CheckpointError/noSuchTensor(name:file:)``.
  func floats(of name: String) throws(CheckpointError) -> [Float]
}
