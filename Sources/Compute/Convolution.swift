// Convolutions over many short sequences at once, as products.

extension ComputeContext {
  /// Lays out the left operand of a convolution with three taps, one value of padding at either end, over the positions of
  /// several sequences.
  ///
  /// - Parameters:
  ///   - input: `[sequences · length, channels]`, fp32.
  ///   - rectified: take negative values as zero (the ReLU of the layer before).
  ///   - output: `[sequences · ⌈length / stride⌉, 3 · channels]`, fp32.
  package func layOutConvolution(
    over input: Matrix, sequences: Int, length: Int, stride: Int, rectified: Bool, into output: Matrix
  ) {
    let channels = input.columns
    let positions = (length + stride - 1) / stride
    precondition(input.rows >= sequences * length && output.rows >= sequences * positions)
    precondition(output.columns == 3 * channels && input.element == .fp32 && output.element == .fp32)
    for sequence in 0..<sequences {
      for position in 0..<positions {
        let row = output.floats + (sequence * positions + position) * output.floatStride
        for tap in 0..<3 {
          let to = row + tap * channels
          let at = position * stride + tap - 1
          if at < 0 || at >= length {
            to.update(repeating: 0, count: channels)
          } else {
            let from = input.floats + (sequence * length + at) * input.floatStride
            if rectified {
              rectify(from, count: channels, into: to)
            } else {
              to.update(from: from, count: channels)
            }
          }
        }
      }
    }
  }

  /// `output = max(0, input)` for the first `rows` rows; `output` may be `input`.
  package func rectifyRows(_ input: Matrix, rows: Int, into output: Matrix) {
    precondition(input.rows >= rows && output.rows >= rows && input.columns == output.columns)
    for row in 0..<rows {
      rectify(
        input.floats + row * input.floatStride, count: input.columns,
        into: output.floats + row * output.floatStride)
    }
  }

  /// The absolute values of complex numbers, the first `rows` rows of `input`: `[real parts, imaginary parts]`, which are
  /// half as many columns of `output`.
  package func absoluteRows(_ input: Matrix, rows: Int, into output: Matrix) {
    let count = output.columns
    precondition(input.rows >= rows && output.rows >= rows && input.columns == 2 * count)
    for row in 0..<rows {
      let real = input.floats + row * input.floatStride
      let to = output.floats + row * output.floatStride
      for k in 0..<count {
        to[k] = (real[k] * real[k] + real[count + k] * real[count + k]).squareRoot()
      }
    }
  }

  private func rectify(_ from: UnsafePointer<Float>, count: Int, into to: UnsafeMutablePointer<Float>) {
    for k in 0..<count { to[k] = from[k] > 0 ? from[k] : 0 }
  }
}
