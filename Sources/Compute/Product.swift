// The matrix product with its fused epilogue, split over the threads.

import CKernels

/// What is applied to a product's result before the residual is added.
package enum Activation: Sendable {
  case none
  /// x/2 (1 + erf(x/√2)) (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, the exact form).
  case gelu

  var code: swiftlet_activation {
    switch self {
    case .none: swiftlet_activation_none
    case .gelu: swiftlet_activation_gelu
    }
  }
}

extension ComputeContext {
  /// `output = activation(input · weightsᵀ + bias) + residual`.
  ///
  /// - Parameters:
  ///   - input: `[rows, depth]`. With `inputStep`, row *r* of the operand is the `depth` values from
  ///     `r · inputStep` on, so that overlapping rows make a convolution.
  ///   - inputRow: the row of `input`, counted in steps, with which to begin.
  ///   - rows: how many rows to compute.
  ///   - residual: `[rows, columns]`, may be `output` itself.
  ///   - output: `[≥ outputRow + rows, columns]`, written from row `outputRow` on.
  package func product(
    _ input: Matrix, inputStep: Int? = nil, inputRow: Int = 0, rows: Int, by weights: PackedMatrix,
    bias: [Float]? = nil, activation: Activation = .none, residual: Matrix? = nil, into output: Matrix,
    outputRow: Int = 0
  ) {
    let step = inputStep ?? input.columns
    precondition(
      rows == 0 || (inputRow + rows - 1) * step + weights.depth <= input.rows * input.columns)
    precondition(output.rows >= outputRow + rows && output.columns == weights.columns)
    precondition(bias.map { $0.count == weights.columns } ?? true)
    precondition(residual.map { $0.rows >= rows && $0.columns == weights.columns } ?? true)
    withOptionalPointer(to: bias) { bias in
      let description = swiftlet_product_f32(
        a: UnsafePointer(input.floats + inputRow * step), a_stride: step, b: weights.floats,
        b_panel_stride: weights.panelStride,
        depth: weights.depth, bias: bias, residual: residual.map { UnsafePointer($0.floats) },
        residual_stride: weights.columns, c: output.floats + outputRow * weights.columns,
        c_stride: weights.columns,
        columns: weights.columns, activation: activation.code)
      run(description, rows: rows, panels: weights.panels)
    }
  }

  /// Cuts the result into blocks of rows and panels, about eight for each thread, so that a thread that is held up
  /// leaves its share to the others.
  private func run(_ product: swiftlet_product_f32, rows: Int, panels: Int) {
    let kernels = kernels
    let tile = kernels.tile_rows
    let wanted = pool.threads * 8
    // Few rows (a decoder step): cut by panels alone, each is read once. Many rows: blocks of at least 16 tiles, over
    // which a panel that was fetched is used again.
    let rowBlocks = max(1, min(wanted, rows / (tile * 16)))
    let rowStep = max(1, (rows + rowBlocks * tile - 1) / (rowBlocks * tile)) * tile
    let rowCount = (rows + rowStep - 1) / rowStep
    let panelBlocks = max(1, min(panels, wanted / max(rowCount, 1)))
    let panelStep = max(1, (panels + panelBlocks - 1) / panelBlocks)
    let panelCount = (panels + panelStep - 1) / panelStep
    withUnsafePointer(to: product) { pointer in
      pool.forEach(rowCount * panelCount) { index in
        let (panelBlock, rowBlock) = index.quotientAndRemainder(dividingBy: rowCount)
        kernels.product_f32(
          pointer, rowBlock * rowStep, min(rows, (rowBlock + 1) * rowStep), panelBlock * panelStep,
          min(panels, (panelBlock + 1) * panelStep))
      }
    }
  }
}

private func withOptionalPointer(to values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
  guard let values else { return body(nil) }
  values.withUnsafeBufferPointer { body($0.baseAddress) }
}
