// A linear layer: packed weights with a bias.

package import SwiftletCheckpoints
package import SwiftletCompute

/// `y = x Wᵀ + b` over rows.
package struct Linear: Sendable {
  package let weights: PackedMatrix
  package let bias: [Float]?

  /// Reads `name.weight`, `[out, in]`, and, where the layer has one, `name.bias`, `[out]`.
  ///
  /// - Parameter scale: multiplies weights and bias; attention puts its 1/√headWidth here (a power of two in every
  ///   published model, so that nothing is rounded).
  package init(
    _ name: String, in checkpoint: any Checkpoint, columns: Int, depth: Int, hasBias: Bool = true,
    scale: Float = 1
  ) throws(CheckpointError) {
    var values = try checkpoint.floats(of: "\(name).weight")
    var bias = hasBias ? try checkpoint.floats(of: "\(name).bias") : nil
    if scale != 1 {
      for index in values.indices { values[index] *= scale }
      bias = bias.map { $0.map { $0 * scale } }
    }
    weights = PackedMatrix(columns: columns, depth: depth, weights: values)
    self.bias = bias
  }

  package func callAsFunction(
    _ input: Matrix, inputRow: Int = 0, rows: Int, activation: Activation = .none, residual: Matrix? = nil,
    into output: Matrix, in context: ComputeContext
  ) {
    context.product(
      input, inputRow: inputRow, rows: rows, by: weights, bias: bias, activation: activation,
      residual: residual,
      into: output)
  }
}

extension LayerNormalization {
  /// Reads `name.weight` and `name.bias`, each `[width]`.
  init(_ name: String, in checkpoint: any Checkpoint) throws(CheckpointError) {
    self.init(
      gamma: try checkpoint.floats(of: "\(name).weight"), beta: try checkpoint.floats(of: "\(name).bias"))
  }
}
