// A checkpoint of random weights in the dimensions of a published model: its speed is that of the real one.

import Foundation
import SwiftletCheckpoints

struct RandomCheckpoint: Checkpoint {
  let kind = CheckpointKind.safetensors
  let dimensions: ModelDimensions
  let files: [URL] = []
  let alignmentHeads: [AlignmentHead]? = nil
  let tensors: [TensorDescription]
  private let shapes: [String: [Int]]

  init(_ dimensions: ModelDimensions) throws {
    self.dimensions = dimensions
    var tensors: [TensorDescription] = []
    try dimensions.forEachTensor { name, shape throws(CheckpointError) in
      tensors.append(TensorDescription(name: name, shape: shape, storedType: .float32))
    }
    self.tensors = tensors
    shapes = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.shape) })
  }

  /// Small enough for the streams to stay in a sane range; scales of normalizations are 1.
  func floats(of name: String) throws(CheckpointError) -> [Float] {
    guard let shape = shapes[name] else { throw .noSuchTensor(name: name, file: "random") }
    let count = shape.reduce(1, *)
    if name.hasSuffix("norm.weight") { return [Float](repeating: 1, count: count) }
    let scale = 1 / Float(shape.dropFirst().reduce(1, *)).squareRoot()
    var state = UInt32(truncatingIfNeeded: count &* 2_654_435_761) | 1
    return [Float](capacity: count) { output in
      for _ in 0..<count {
        state = state &* 1_664_525 &+ 1_013_904_223
        output.append((Float(state >> 8) * 0x1p-23 - 1) * scale)
      }
    }
  }
}

/// The published sizes that are measured, by name.
let publishedSizes: [(name: String, dimensions: ModelDimensions)] = [
  ("tiny.en", 384, 6, 4), ("base.en", 512, 8, 6), ("small.en", 768, 12, 12), ("medium.en", 1_024, 16, 24),
].map { name, width, heads, layers in
  (
    name,
    ModelDimensions(
      melBins: 80, audioContext: 1_500, audioWidth: width, audioHeads: heads, audioLayers: layers,
      textContext: 448, textWidth: width, textHeads: heads, textLayers: layers, vocabularySize: 51_864)
  )
}
