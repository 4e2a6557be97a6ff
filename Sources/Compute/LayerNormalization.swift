// Layer normalization over rows.

/// The learned scale and shift of a layer normalization (Ba, Kiros and Hinton, 2016), each `[width]`.
package struct LayerNormalization: Sendable {
  package var gamma: [Float]
  package var beta: [Float]
  /// Added to the variance; PyTorch's default, which Whisper keeps.
  package static let epsilon: Float = 1e-5

  package init(gamma: [Float], beta: [Float]) {
    self.gamma = gamma
    self.beta = beta
  }
}

extension ComputeContext {
  /// `output = (input - mean) / √(variance + ε) · γ + β`, each of the first `rows` rows by itself; `[rows, width]`.
  package func normalize(_ input: Matrix, rows: Int, with norm: LayerNormalization, into output: Matrix) {
    let width = input.columns
    precondition(norm.gamma.count == width && norm.beta.count == width)
    precondition(input.rows >= rows && output.rows >= rows && output.columns == width)
    let kernels = kernels
    let rowsAtOnce = 32
    norm.gamma.withUnsafeBufferPointer { gamma in
      norm.beta.withUnsafeBufferPointer { beta in
        pool.forEach((rows + rowsAtOnce - 1) / rowsAtOnce) { block in
          for row in block * rowsAtOnce..<min(rows, (block + 1) * rowsAtOnce) {
            kernels.layer_norm_f32(
              input.floats + row * width, gamma.baseAddress, beta.baseAddress, LayerNormalization.epsilon,
              width,
              output.floats + row * width)
          }
        }
      }
    }
  }
}
