// Operators over a few rows, on the thread that calls them: the pieces that fused passes are put together from.

import CKernels

extension ComputeContext {
  /// `output = (input - mean) / √(variance + ε) · γ + β`, each row by itself, in the type of `output`.
  ///
  /// - Parameters:
  ///   - input: fp32.
  ///   - scratch: fp32, at least one row of `input.columns`.
  ///   - outputRow: where the first row goes.
  package func normalizeRows(
    _ input: Matrix, rows: Range<Int>, with norm: LayerNormalization, scratch: Matrix, into output: Matrix,
    outputRow: Int
  ) {
    let width = input.columns
    precondition(norm.width == width && output.columns >= width && scratch.columns >= width)
    precondition(rows.upperBound <= input.rows && outputRow + rows.count <= output.rows)
    kernels.pointee.layer_norm(
      input.floats + rows.lowerBound * input.floatStride, input.floatStride, norm.gamma, norm.beta,
      LayerNormalization.epsilon, rows.count, width, scratch.floats, output.target(outputRow))
  }

  /// `output = scale · input` in the type of `output`; `input` is fp32. Rows of bytes are written whole.
  package func convertRows(
    _ input: Matrix, rows: Range<Int>, scale: Float = 1, into output: Matrix, outputRow: Int,
    outputColumn: Int = 0
  ) {
    precondition(input.element == .fp32 && output.columns >= outputColumn + input.columns)
    precondition(output.element != .uint8 || outputColumn == 0)
    precondition(rows.upperBound <= input.rows && outputRow + rows.count <= output.rows)
    var target = output.target(outputRow)
    target.out += outputColumn * output.element.size
    kernels.pointee.convert(
      input.floats + rows.lowerBound * input.floatStride, input.floatStride, scale, rows.count, input.columns,
      target)
  }

  /// Writes fp32 values, whole rows of `output`, from row `outputRow` on, in the type of `output`.
  package func write(_ values: Span<Float>, into output: Matrix, outputRow: Int) {
    precondition(values.count % output.columns == 0)
    let rows = values.count / output.columns
    precondition(outputRow + rows <= output.rows)
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      kernels.pointee.convert(base, output.columns, 1, rows, output.columns, output.target(outputRow))
    }
  }

  /// `output = activation(input · weightsᵀ + bias) + residual`.
  ///
  /// - Parameters:
  ///   - input: `[rows, depth]` in the type of the weights' left operand. With `inputStep`, row *r* of the operand is
  ///     the `depth` values from `r · inputStep` on, so that overlapping rows make a convolution.
  ///   - rows: rows of the operand.
  ///   - panels: which 64 columns at a time to compute; all if nil.
  ///   - residual: fp32, its row `residualRow` is added to the first row; may be `output` itself.
  ///   - output: fp32 or bf16, written from row `outputRow` and column `outputColumn` on.
  package func productRows(
    _ input: Matrix, inputStep: Int? = nil, rows: Range<Int>, by linear: PackedLinear,
    panels: Range<Int>? = nil,
    activation: Activation = .none, residual: Matrix? = nil, residualRow: Int = 0, into output: Matrix,
    outputRow: Int, outputColumn: Int = 0
  ) {
    let panels = panels ?? 0..<linear.panels
    let first = panels.lowerBound * PackedLinear.panelColumns
    let stride = (inputStep.map { $0 * input.element.size }) ?? input.rowBytes
    let columns = min(linear.columns, panels.upperBound * PackedLinear.panelColumns) - first
    precondition(input.element == linear.precision.operand && output.element != .uint8)
    precondition(
      rows.isEmpty
        || (rows.upperBound - 1) * stride + linear.depth * input.element.size
          <= input.rows * input.rowBytes + 64
    )
    precondition(output.rows >= outputRow + rows.count && output.columns >= outputColumn + columns)
    var product = swiftlet_product()
    product.operands = linear.precision.operands
    product.activation = activation.code
    product.a = UnsafeRawPointer(input.base + rows.lowerBound * stride)
    product.a_stride = stride
    if input.element == .uint8 {
      product.a_scale = UnsafePointer(input.scales + rows.lowerBound)
      product.a_zero = UnsafePointer(input.zeros + rows.lowerBound)
      product.b_scale = linear.scales.map { $0 + first }
      product.b_sum = linear.sums.map { $0 + first }
    }
    product.b = linear.weights + panels.lowerBound * linear.panelBytes
    product.b_panel_stride = linear.panelBytes
    product.depth = linear.depth
    product.bias = linear.bias.map { $0 + first }
    if let residual {
      precondition(residual.rows >= residualRow + rows.count && residual.columns >= first + columns)
      product.residual = UnsafePointer(residual.floats + residualRow * residual.floatStride + first)
      product.residual_stride = residual.floatStride
    }
    product.c = output.row(outputRow) + outputColumn * output.element.size
    product.c_stride = output.rowBytes / output.element.size
    product.c_rows = output.element.rows
    product.columns = columns
    kernels.pointee.product(&product, 0, rows.count, 0, panels.count)
  }

  /// Adds row `source` of `other` to row `row` of `matrix`, both fp32.
  package func addRow(_ other: Matrix, _ source: Int, to matrix: Matrix, _ row: Int) {
    precondition(source < other.rows && row < matrix.rows && matrix.columns <= other.columns)
    let from = other.floats + source * other.floatStride
    let to = matrix.floats + row * matrix.floatStride
    for column in 0..<matrix.columns { to[column] += from[column] }
  }
}
