// A one-dimensional convolution of three taps, with padding 1 and a GELU.

package import SwiftletCheckpoints
package import SwiftletCompute

/// `gelu(conv1d(x))` over frames, kernel 3, padding 1, as a product whose operand rows overlap.
///
/// The input is frame-major with one row of zeros before and one after the frames, so that the three frames a tap
/// needs are consecutive floats in memory and no patches are copied.
package struct Convolution: Sendable {
  package let stride: Int
  private let weights: PackedMatrix
  private let bias: [Float]

  /// Frames that each output frame looks at.
  package static let taps = 3

  /// Reads `name.weight`, `[out, in, 3]`, and `name.bias`, `[out]`.
  package init(
    _ name: String, in checkpoint: any Checkpoint, inputs: Int, outputs: Int, stride: Int
  ) throws(CheckpointError) {
    let values = try checkpoint.floats(of: "\(name).weight")
    // [out][in][tap] to [out][tap][in]: the order of the values in memory that a row of the operand covers.
    var reordered = [Float](repeating: 0, count: values.count)
    for output in 0..<outputs {
      let base = output * inputs * Self.taps
      for input in 0..<inputs {
        for tap in 0..<Self.taps {
          reordered[base + tap * inputs + input] = values[base + input * Self.taps + tap]
        }
      }
    }
    weights = PackedMatrix(columns: outputs, depth: inputs * Self.taps, weights: reordered)
    bias = try checkpoint.floats(of: "\(name).bias")
    self.stride = stride
  }

  /// - Parameters:
  ///   - input: `[frames + 2, inputs]`, first and last row zero.
  ///   - rows: output frames, `frames / stride`.
  ///   - residual: `[rows, outputs]`, added after the GELU (the encoder's positions).
  ///   - output: written from row `outputRow` on.
  package func callAsFunction(
    _ input: Matrix, rows: Int, residual: Matrix? = nil, into output: Matrix, outputRow: Int = 0,
    in context: ComputeContext
  ) {
    context.product(
      input, inputStep: stride * input.columns, rows: rows, by: weights, bias: bias, activation: .gelu,
      residual: residual, into: output, outputRow: outputRow)
  }
}
