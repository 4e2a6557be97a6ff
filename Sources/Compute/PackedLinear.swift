// The weights of a linear layer in the order in which the product's inner loop reads them, wherever they lie.

import CKernels
import SwiftletBasics

/// The right operand of a product: `[panels][depth / g][64][g]`, each panel 64 columns of the result wide, with its bias
/// and, for bytes, each column's scale and sum.
///
/// It points into memory that it keeps alive: a mapped engine, or a buffer. Immutable, hence `Sendable`.
package struct PackedLinear: @unchecked Sendable {
  package let precision: Precision
  /// Columns of the result (a layer's output features).
  package let columns: Int
  /// Terms of each sum (a layer's input features), filled up to whole groups.
  package let depth: Int
  package let weights: UnsafeRawPointer
  package let scales: UnsafePointer<Float>?
  let sums: UnsafePointer<Int32>?
  package let bias: UnsafePointer<Float>?
  /// What each term of the weights was multiplied by, and each of the left operand divided by, before both were rounded.
  package let smoothing: UnsafePointer<Float>?
  private let owner: AnyObject

  package static let panelColumns = swiftlet_panel_columns

  /// - Parameters:
  ///   - depth: before it is filled up.
  ///   - scales, sums, bias: one a column, filled up to whole panels.
  ///   - smoothing: `[depth]`; the left operand is made with it already divided out.
  ///   - owner: keeps all of the memory alive.
  package init(
    precision: Precision, columns: Int, depth: Int, weights: UnsafeRawPointer,
    scales: UnsafePointer<Float>? = nil,
    sums: UnsafePointer<Int32>? = nil, bias: UnsafePointer<Float>? = nil,
    smoothing: UnsafePointer<Float>? = nil, owner: AnyObject
  ) {
    precondition(precision != .int8 || (scales != nil && sums != nil))
    self.precision = precision
    self.columns = columns
    self.depth = precision.padded(depth)
    self.weights = weights
    self.scales = scales
    self.sums = sums
    self.bias = bias
    self.smoothing = smoothing
    self.owner = owner
  }

  /// Packs weights into memory of its own, for tests and benchmarks.
  ///
  /// - Parameter weights: `[columns, depth]`, row-major.
  package init(_ precision: Precision, columns: Int, depth: Int, weights: [Float], bias: [Float]? = nil) {
    let panels = Self.panels(columns: columns)
    let bytes = panels * Self.panelBytes(precision, depth: depth)
    let wide = panels * Self.panelColumns
    let buffer = AlignedBuffer(byteCount: bytes + 12 * wide)
    let scales = (buffer.base + bytes).assumingMemoryBound(to: Float.self)
    let sums = (buffer.base + bytes + 4 * wide).assumingMemoryBound(to: Int32.self)
    let biases = (buffer.base + bytes + 8 * wide).assumingMemoryBound(to: Float.self)
    weights.withUnsafeBufferPointer {
      packPanels(
        $0, columns: columns, depth: depth, panels: 0..<panels, precision: precision,
        into: UnsafeMutableRawBufferPointer(start: buffer.base, count: bytes), scales: scales, sums: sums)
    }
    for (column, value) in (bias ?? []).enumerated() { biases[column] = value }
    self.init(
      precision: precision, columns: columns, depth: depth, weights: UnsafeRawPointer(buffer.base),
      scales: precision == .int8 ? UnsafePointer(scales) : nil,
      sums: precision == .int8 ? UnsafePointer(sums) : nil,
      bias: bias == nil ? nil : UnsafePointer(biases), owner: buffer)
  }

  package var panels: Int { Self.panels(columns: columns) }
  package var panelBytes: Int { Self.panelBytes(precision, depth: depth) }

  package static func panels(columns: Int) -> Int { (columns + panelColumns - 1) / panelColumns }

  package static func panelBytes(_ precision: Precision, depth: Int) -> Int {
    precision.padded(depth) * panelColumns * precision.weightBytes
  }

  /// Writes the weights of one column as fp32, `[depth]`, to row `row` of `matrix`: the embedding of a token, where this
  /// is the vocabulary projection.
  package func copyColumn(_ column: Int, toRow row: Int, of matrix: Matrix) {
    precondition(column < columns && row < matrix.rows && matrix.columns <= depth && matrix.element == .fp32)
    let (panel, lane) = column.quotientAndRemainder(dividingBy: Self.panelColumns)
    let source = weights + panel * panelBytes
    let target = matrix.floats + row * matrix.floatStride
    for k in 0..<matrix.columns {
      let at = (k / precision.group * Self.panelColumns + lane) * precision.group + k % precision.group
      switch precision {
      case .fp32: target[k] = source.assumingMemoryBound(to: Float.self)[at]
      case .fp16: target[k] = halfToFloat(source.assumingMemoryBound(to: UInt16.self)[at])
      case .bf16:
        target[k] = bfloat16ToFloat(source.assumingMemoryBound(to: UInt16.self)[at])
      case .int8:
        target[k] = Float(source.assumingMemoryBound(to: Int8.self)[at]) * (scales?[column] ?? 0)
      }
      if let smoothing { target[k] /= smoothing[k] }
    }
  }
}
