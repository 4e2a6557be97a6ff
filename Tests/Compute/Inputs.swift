// Random operands, and what they are as numbers once they are stored.

import SwiftletTestSupport

@testable import SwiftletCompute

extension SeededGenerator {
  /// Values in [-1, 1).
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float.random(in: -1..<1, using: &self) }
  }
}

/// Both operands of a product, and the exact sums of what is stored of them.
struct ProductCase {
  let precision: Precision
  let rows: Int
  let columns: Int
  let depth: Int
  let weights: [Float]
  let input: Matrix
  /// `[rows, columns]`: the exact product, and the same of the magnitudes of its terms.
  let sums: [Double]
  let magnitudes: [Double]

  /// - Parameter values: `[rows, depth]`.
  init(
    _ precision: Precision, rows: Int, columns: Int, depth: Int, values: [Float], weights: [Float],
    spaced: Bool = false
  ) throws {
    self.precision = precision
    self.rows = rows
    self.columns = columns
    self.depth = depth
    self.weights = weights
    input = Matrix(rows: rows, columns: depth, element: precision.operand, spaced: spaced)
    let context = try ComputeContext(threads: 1)
    context.write(values.span, into: input, outputRow: 0)
    let left = Self.stored(input)
    let linear = PackedLinear(precision, columns: columns, depth: depth, weights: weights)
    let right = Self.stored(linear, depth: depth)
    var sums = [Double](repeating: 0, count: rows * columns)
    var magnitudes = sums
    for row in 0..<rows {
      for column in 0..<columns {
        var sum = 0.0
        var magnitude = 0.0
        for k in 0..<depth {
          let term = left.values[row * depth + k] * right.values[column * depth + k]
          sum += term
          magnitude += term.magnitude
        }
        let scale = left.scales[row] * right.scales[column]
        sums[row * columns + column] = sum * scale
        magnitudes[row * columns + column] = magnitude * scale
      }
    }
    self.sums = sums
    self.magnitudes = magnitudes
  }

  init(
    _ precision: Precision, rows: Int, columns: Int, depth: Int, using generator: inout SeededGenerator,
    spaced: Bool = false
  ) throws {
    try self.init(
      precision, rows: rows, columns: columns, depth: depth, values: generator.floats(rows * depth),
      weights: generator.floats(columns * depth), spaced: spaced)
  }

  func linear(columns: Int? = nil, bias: [Float]? = nil) -> PackedLinear {
    let columns = columns ?? self.columns
    return PackedLinear(
      precision, columns: columns, depth: depth, weights: Array(weights.prefix(columns * depth)), bias: bias)
  }

  /// How far the sum may be from the exact one, before the epilogue.
  ///
  /// Fp32 sums of any order: |error| ≤ n u Σ|a||b| (Higham, "Accuracy and Stability of Numerical Algorithms", 2002,
  /// section 3.1), n being a rounding for each term and one for each product where there is no fused multiply-add; bf16
  /// products are exact. Bytes are summed exactly: what is rounded is the conversion of the sum, the product of the two
  /// scales, and their product.
  func limit(row: Int, column: Int) -> Double {
    let at = row * columns + column
    return precision == .int8
      ? 3.01 * Roundoff.fp32 * sums[at].magnitude
      : Double(depth + 2) * Roundoff.fp32 * magnitudes[at] + 1e-37
  }

  /// Values of a matrix; of bytes, the whole numbers and the scale of each row apart, so that nothing is rounded here.
  private static func stored(_ matrix: Matrix) -> (values: [Double], scales: [Double]) {
    let values = matrix.values.map(Double.init)
    guard matrix.element == .uint8 else { return (values, [Double](repeating: 1, count: matrix.rows)) }
    let whole = (0..<matrix.rows).flatMap { row in
      matrix.bytes(row: row).map { Double(Int32($0) - matrix.zeros[row]) }
    }
    return (whole, (0..<matrix.rows).map { Double(matrix.scales[$0]) })
  }

  private static func stored(_ linear: PackedLinear, depth: Int) -> (values: [Double], scales: [Double]) {
    let row = Matrix(rows: 1, columns: depth)
    var values: [Double] = []
    var scales: [Double] = []
    for column in 0..<linear.columns {
      linear.copyColumn(column, toRow: 0, of: row)
      let scale = linear.scales.map { $0[column] } ?? 1
      // q · scale was rounded; dividing gives back a number next to the whole one.
      values += row.values.map { linear.scales == nil ? Double($0) : Double(($0 / scale).rounded()) }
      scales.append(Double(scale))
    }
    return (values, scales)
  }
}
