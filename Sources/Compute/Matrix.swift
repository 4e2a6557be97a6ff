// Activations: a dense row-major matrix that operators read and write.

/// A row-major matrix of fp32 values, `[rows, columns]`, zeroed when it is made.
///
/// A reference type on purpose: activations are work space that operators fill in place. It belongs to one caller at a
/// time and is not `Sendable`.
package final class Matrix {
  package let rows: Int
  package let columns: Int
  private let buffer: AlignedBuffer

  package init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    buffer = AlignedBuffer(count: rows * columns)
  }

  /// A matrix with the given values, row by row; `values.count` must be a multiple of `columns`.
  package convenience init(columns: Int, values: some Collection<Float>) {
    self.init(rows: values.count / columns, columns: columns)
    _ = UnsafeMutableBufferPointer(start: floats, count: buffer.count).update(fromContentsOf: values)
  }

  var floats: UnsafeMutablePointer<Float> { buffer.floats }

  package subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row < rows && column < columns)
      return floats[row * columns + column]
    }
    set {
      precondition(row < rows && column < columns)
      floats[row * columns + column] = newValue
    }
  }

  /// Calls `body` with one row, `[columns]`.
  package func withRow<Result>(_ row: Int, _ body: (Span<Float>) throws -> Result) rethrows -> Result {
    precondition(row < rows)
    return try body(UnsafeBufferPointer(start: UnsafePointer(floats + row * columns), count: columns).span)
  }

  /// Writes `values`, whole rows, from row `row` on.
  package func replaceRows(from row: Int, with values: Span<Float>) {
    precondition(row * columns + values.count <= buffer.count)
    values.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      (floats + row * columns).update(from: base, count: $0.count)
    }
  }

  /// Adds row `source` of `other`, `[columns]`, to row `row`.
  package func add(_ other: Matrix, row source: Int, toRow row: Int) {
    precondition(other.columns == columns && source < other.rows && row < rows)
    let from = other.floats + source * columns
    let to = floats + row * columns
    for column in 0..<columns { to[column] += from[column] }
  }

  /// All values, row by row.
  package var values: [Float] { Array(UnsafeBufferPointer(start: floats, count: buffer.count)) }
}
