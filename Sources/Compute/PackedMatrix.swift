// Weights in the order in which the product's inner loop reads them.

import CKernels

/// The right operand of a product, packed once: `[panels][depth][64]`, each panel 64 columns of the result wide.
///
/// Immutable after it is made, hence `Sendable`.
package final class PackedMatrix: @unchecked Sendable {
  /// Columns of the result (a layer's output features).
  package let columns: Int
  /// Terms of each sum (a layer's input features).
  package let depth: Int
  private let buffer: AlignedBuffer

  static let panelColumns = swiftlet_panel_columns

  /// Packs a layer's weights.
  ///
  /// - Parameter weights: `[columns, depth]`, row-major, as checkpoints hold them (`[out, in]`).
  package init(columns: Int, depth: Int, weights: [Float]) {
    precondition(weights.count == columns * depth)
    self.columns = columns
    self.depth = depth
    let width = Self.panelColumns
    buffer = AlignedBuffer(count: (columns + width - 1) / width * width * depth)
    let packed = buffer.floats
    for column in 0..<columns {
      var target = column / width * width * depth + column % width
      let source = column * depth
      for k in 0..<depth {
        packed[target] = weights[source + k]
        target += width
      }
    }
  }

  var floats: UnsafePointer<Float> { UnsafePointer(buffer.floats) }
  var panels: Int { (columns + Self.panelColumns - 1) / Self.panelColumns }
  var panelStride: Int { depth * Self.panelColumns }

  /// Copies the weights of one column, `[depth]`, to row `row` of `matrix`: the embedding of a token, where the packed
  /// matrix is the vocabulary projection.
  package func copyColumn(_ column: Int, toRow row: Int, of matrix: Matrix) {
    precondition(column < columns && row < matrix.rows && matrix.columns == depth)
    var source = floats + column / Self.panelColumns * panelStride + column % Self.panelColumns
    let target = matrix.floats + row * depth
    for k in 0..<depth {
      target[k] = source.pointee
      source += Self.panelColumns
    }
  }
}
