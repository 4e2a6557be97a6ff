// Activations: a row-major matrix that operators read and write.

import CKernels
import SwiftletBasics

/// A row-major matrix, `[rows, columns]`, zeroed when it is made.
///
/// A reference type on purpose: activations are work space that operators fill in place. It belongs to one caller at a
/// time and is not `Sendable`.
package final class Matrix {
  package let rows: Int
  package let columns: Int
  package let element: Element
  /// From the beginning of a row to that of the next.
  let rowBytes: Int
  let base: UnsafeMutableRawPointer
  private let owner: AnyObject
  private let rowNumbers: AlignedBuffer

  /// - Parameter spaced: rows may lie further apart than they are long. Rows that are a multiple of 1 KiB long would all
  ///   begin in the same sets of the first-level cache and push each other out. Overlapping rows (a convolution's
  ///   operand) need `false`.
  package init(rows: Int, columns: Int, element: Element = .fp32, spaced: Bool = false) {
    self.rows = rows
    self.columns = columns
    self.element = element
    let bytes = columns * element.size
    rowBytes = spaced ? (bytes + 63) / 64 * 64 + (bytes % 1_024 == 0 ? 64 : 0) : bytes
    // A group of a padded depth may reach past the last row's end.
    let buffer = AlignedBuffer(byteCount: rows * rowBytes + 64)
    base = buffer.base
    owner = buffer
    rowNumbers = AlignedBuffer(byteCount: element == .uint8 ? 8 * rows : 0)
  }

  /// A matrix of fp32 with the given values, row by row; `values.count` must be a multiple of `columns`.
  package convenience init(columns: Int, values: some Collection<Float>) {
    self.init(rows: values.count / columns, columns: columns)
    _ = UnsafeMutableBufferPointer(start: floats, count: values.count).update(fromContentsOf: values)
  }

  /// Fp32 rows in a mapped file: for reading only.
  package convenience init(rows: Int, columns: Int, mapped: UnsafePointer<Float>, owner: AnyObject) {
    self.init(rows: rows, columns: columns, memory: UnsafeMutablePointer(mutating: mapped), owner: owner)
  }

  /// Fp32 rows in memory that `owner` keeps, as they are there.
  package init(rows: Int, columns: Int, memory: UnsafeMutablePointer<Float>, owner: AnyObject) {
    self.rows = rows
    self.columns = columns
    element = .fp32
    rowBytes = 4 * columns
    base = UnsafeMutableRawPointer(memory)
    self.owner = owner
    rowNumbers = AlignedBuffer(byteCount: 0)
  }

  /// The values of an fp32 matrix.
  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
  /// From one row of an fp32 matrix to the next, in floats.
  var floatStride: Int { rowBytes / 4 }
  /// Of rows of bytes.
  var scales: UnsafeMutablePointer<Float> { rowNumbers.base.assumingMemoryBound(to: Float.self) }
  var zeros: UnsafeMutablePointer<Int32> { (rowNumbers.base + 4 * rows).assumingMemoryBound(to: Int32.self) }

  func row(_ row: Int) -> UnsafeMutableRawPointer { base + row * rowBytes }

  /// Where operators write rows from `row` on.
  func target(_ row: Int) -> swiftlet_row {
    let isBytes = element == .uint8
    return swiftlet_row(
      rows: element.rows, out: self.row(row), stride: rowBytes, scale: isBytes ? scales + row : nil,
      zero: isBytes ? zeros + row : nil)
  }

  package subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row < rows && column < columns && element == .fp32)
      return floats[row * floatStride + column]
    }
    set {
      precondition(row < rows && column < columns && element == .fp32)
      floats[row * floatStride + column] = newValue
    }
  }

  /// Calls `body` with one fp32 row, `[columns]`.
  package func withRow<Result>(_ row: Int, _ body: (Span<Float>) throws -> Result) rethrows -> Result {
    precondition(row < rows && element == .fp32)
    return try body(
      UnsafeBufferPointer(start: UnsafePointer(floats + row * floatStride), count: columns).span)
  }

  /// Calls `body` with one fp32 row, `[columns]`, to be changed in place.
  package func withMutableRow<Result>(
    _ row: Int, _ body: (inout MutableSpan<Float>) throws -> Result
  ) rethrows -> Result {
    precondition(row < rows && element == .fp32)
    var span = UnsafeMutableBufferPointer(start: floats + row * floatStride, count: columns).mutableSpan
    return try body(&span)
  }

  /// All values as fp32, row by row.
  package var values: [Float] {
    (0..<rows).flatMap { row -> [Float] in
      switch element {
      case .fp32:
        return Array(UnsafeBufferPointer(start: UnsafePointer(floats + row * floatStride), count: columns))
      case .bf16:
        let halves = self.row(row).assumingMemoryBound(to: UInt16.self)
        return (0..<columns).map { bfloat16ToFloat(halves[$0]) }
      case .uint8:
        let bytes = self.row(row).assumingMemoryBound(to: UInt8.self)
        return (0..<columns).map { scales[row] * Float(Int32(bytes[$0]) - zeros[row]) }
      }
    }
  }
}
