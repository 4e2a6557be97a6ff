// Layer normalization over rows.

/// The learned scale and shift of a layer normalization (Ba, Kiros and Hinton, 2016), each `[width]`.
package struct LayerNormalization: @unchecked Sendable {
  package let width: Int
  package let gamma: UnsafePointer<Float>
  package let beta: UnsafePointer<Float>
  private let owner: AnyObject
  /// Added to the variance; PyTorch's default, which Whisper keeps.
  package static let epsilon: Float = 1e-5

  /// - Parameter owner: keeps the memory of both alive.
  package init(width: Int, gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, owner: AnyObject) {
    self.width = width
    self.gamma = gamma
    self.beta = beta
    self.owner = owner
  }

  /// With memory of its own, for tests.
  package init(gamma: [Float], beta: [Float]) {
    let both = Matrix(columns: gamma.count, values: gamma + beta)
    self.init(
      width: gamma.count, gamma: UnsafePointer(both.floats),
      beta: UnsafePointer(both.floats + gamma.count), owner: both)
  }
}
