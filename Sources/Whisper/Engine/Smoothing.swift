// Evening out the channels between a layer normalization and a product of bytes.

import SwiftletCheckpoints

/// The factors of one layer, computed when they are first asked for, whoever asks: the weights, the normalization and the
/// engine's own record of them need the same ones. Weights are read for this alone and not kept.
final class LayerSmoothing {
  /// The layer normalization that the operand comes from.
  let norm: String
  private let linear: LinearRecipe
  private let checkpoint: any Checkpoint
  private var known: [Float]?

  init(of linear: LinearRecipe, after norm: String, _ checkpoint: any Checkpoint) {
    self.norm = norm
    self.linear = linear
    self.checkpoint = checkpoint
  }

  /// What ``smoothingScales(weights:gamma:beta:)`` gives, `[depth]`.
  func scales() throws(CheckpointError) -> [Float] {
    if let known { return known }
    let scales = smoothingScales(
      weights: try linear.weights(checkpoint), gamma: try checkpoint.floats(of: "\(norm).weight"),
      beta: try checkpoint.floats(of: "\(norm).bias"))
    known = scales
    return scales
  }
}

/// What each channel of the weights is multiplied by, and the normalization's scale and shift divided by, so that neither side
/// has channels far larger than the others when it is rounded to bytes: the square root of the operand's largest magnitude
/// over that of the weights (Xiao et al., "SmoothQuant", 2023, equation 4 with alpha 1/2). The product stays the same.
///
/// No recording is needed: three standard deviations of what the normalization gives, 3|gamma| + |beta|, stand for the
/// operand's largest. docs/notes/accuracy.md has what this gives for each layer, and where it gives nothing.
///
/// - Parameter weights: `[columns, width]` row-major.
/// - Returns: `[width]`, 1 on average.
func smoothingScales(weights: [Float], gamma: [Float], beta: [Float]) -> [Float] {
  let width = gamma.count
  var largest = [Float](repeating: 0, count: width)
  for row in stride(from: 0, to: weights.count, by: width) {
    for channel in 0..<width { largest[channel] = max(largest[channel], weights[row + channel].magnitude) }
  }
  let least: Float = 1e-5
  let scales = (0..<width).map { channel in
    let operand = 3 * gamma[channel].magnitude + beta[channel].magnitude
    return (max(operand, least) / max(largest[channel], least)).squareRoot()
  }
  let mean = scales.reduce(0, +) / Float(width)
  return scales.map { $0 / mean }
}

/// Multiplies each row of `weights` by `scales`, term by term.
func multiplyColumns(of weights: inout [Float], by scales: [Float]) {
  let width = scales.count
  for row in stride(from: 0, to: weights.count, by: width) {
    for channel in 0..<width { weights[row + channel] *= scales[channel] }
  }
}
