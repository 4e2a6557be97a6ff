// The one checkpoint that all readers build: checked dimensions and the place of every tensor.

import Foundation

/// A checkpoint whose tensors lie in mapped files.
struct WhisperCheckpoint: Checkpoint {
  let kind: CheckpointKind
  let dimensions: ModelDimensions
  let files: [URL]
  let tensors: [TensorDescription]
  let alignmentHeads: [AlignmentHead]?
  private let sources: [String: TensorSource]
  /// The first file, for errors.
  private let name: String

  /// Checks that the tensors are those of Whisper's network and no others.
  ///
  /// - Parameters:
  ///   - sources: tensors by Hugging Face's names without `model.`; those outside `encoder.` and `decoder.` are left out.
  ///   - name: the path that errors about missing tensors show.
  ///   - alignmentHeads: what the files name.
  /// - Throws: ``CheckpointError/missingTensor(name:file:)``, ``CheckpointError/wrongShape(name:found:expected:file:)``,
  ///   ``CheckpointError/unexpectedTensor(name:file:)``, ``CheckpointError/badDimension(name:value:reason:file:)``.
  init(
    kind: CheckpointKind, dimensions: ModelDimensions, files: [URL], name: String,
    sources: [String: TensorSource], alignmentHeads: [AlignmentHead]? = nil
  ) throws(CheckpointError) {
    try dimensions.validate(file: name)
    var rest = sources
    var kept: [String: TensorSource] = [:]
    try dimensions.forEachTensor { (tensor, shape) throws(CheckpointError) in
      guard let source = rest.removeValue(forKey: tensor) else {
        throw .missingTensor(name: tensor, file: name)
      }
      guard source.shape == shape else {
        throw .wrongShape(name: tensor, found: source.shape, expected: shape, file: source.file.name)
      }
      kept[tensor] = source
      if tensor.hasSuffix(".k_proj.weight") { try Self.dropKeyBias(tensor, width: shape[0], from: &rest) }
    }
    try Self.dropProjection(from: &rest, embedding: kept["decoder.embed_tokens.weight"])
    // The causal mask, which some writers store.
    rest["decoder.mask"] = nil
    // The network would be another one: more layers than the dimensions say, adapters, biases.
    let strangers = rest.keys.filter { $0.hasPrefix("encoder.") || $0.hasPrefix("decoder.") }
    if let stranger = strangers.min(), let source = rest[stranger] {
      throw .unexpectedTensor(name: stranger, file: source.file.name)
    }
    self.kind = kind
    self.dimensions = dimensions
    self.files = files
    self.name = name
    self.sources = kept
    self.alignmentHeads = alignmentHeads
    tensors = kept.keys.sorted().compactMap { key in
      kept[key].map { TensorDescription(name: key, shape: $0.shape, storedType: $0.type) }
    }
  }

  /// Keys have no bias in Whisper. Formats that fuse projections have one all the same: it must be zero.
  private static func dropKeyBias(
    _ weight: String, width: Int, from rest: inout [String: TensorSource]
  ) throws(CheckpointError) {
    let name = weight.replacingOccurrences(of: ".weight", with: ".bias")
    guard let bias = rest.removeValue(forKey: name) else { return }
    guard bias.shape == [width], try bias.floats(name: name).allSatisfy({ $0 == 0 }) else {
      throw .unexpectedTensor(name: name, file: bias.file.name)
    }
  }

  /// The vocabulary projection is the embedding in Whisper; where it is stored apart, it must be equal.
  private static func dropProjection(
    from rest: inout [String: TensorSource], embedding: TensorSource?
  ) throws(CheckpointError) {
    let name = "proj_out.weight"
    guard let projection = rest.removeValue(forKey: name), let embedding,
      !embedding.isSamePlace(as: projection)
    else { return }
    guard projection.shape == embedding.shape,
      try projection.floats(name: name) == embedding.floats(name: name)
    else { throw .unexpectedTensor(name: name, file: projection.file.name) }
  }

  func floats(of name: String) throws(CheckpointError) -> [Float] {
    guard let source = sources[name] else { throw .noSuchTensor(name: name, file: self.name) }
    return try source.floats(name: name)
  }
}

extension TensorSource {
  /// Whether both are the same bytes of the same file, so that their values need not be compared.
  fileprivate func isSamePlace(as other: TensorSource) -> Bool {
    file.url == other.file.url && offset == other.offset && shape == other.shape && type == other.type
      && strides == other.strides
  }
}
