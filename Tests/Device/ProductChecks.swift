// Products of many rows and of few against double precision.

import CDevice
import SwiftletDevice

/// A product that a kernel is to compute.
struct ProductCase {
  var precision: DevicePrecision
  var rows: Int
  var columns: Int
  var depth: Int
  var hasBias = false
  var isGelu = false
  var hasResidual = false
  /// Whether the result is fp32 or in the product's type.
  var isWide = true
  /// Rows of each window; one window of all rows if nil.
  var counts: [Int]?
  /// Whether rows come from others, and windows go to others.
  var isShuffled = false
  /// From one row of the operand to the next, less than `depth` in a convolution.
  var step: Int?
  var tiles: KernelLaunch<swiftlet_product_arguments>.Tiles?

  var windows: Int { counts?.count ?? 1 }
}

/// The operands of a case, on the host and on the GPU.
struct ProductOperands {
  var a: [Float]
  var b: [Float]
  let bias: [Float]
  let residual: [Float]
  let sources: [Int]
  let slots: [Int]
  let step: Int
  let window: Int

  init(_ wanted: ProductCase, seed: UInt64 = 1) {
    var numbers = Numbers(seed: seed)
    step = wanted.step ?? wanted.depth + 2 * wanted.precision.alignment
    // As small as it can be: what is behind it must not be read.
    window = step * (wanted.rows - 1) + wanted.depth
    let padded =
      (window + wanted.precision.alignment - 1) / wanted.precision.alignment * wanted.precision.alignment
    a = numbers.floats(padded * (wanted.windows - 1) + window, wanted.precision)
    b = numbers.floats(wanted.columns * wanted.depth, wanted.precision)
    bias = numbers.floats(wanted.columns)
    residual = numbers.floats(wanted.windows * wanted.rows * wanted.columns)
    sources = (0..<wanted.windows * wanted.rows).map { (7 * $0 + 3) % wanted.rows }
    slots = Array((0..<wanted.windows).reversed())
  }

  /// The result in double precision, and how large the terms of its sum are together.
  func expected(_ wanted: ProductCase, window: Int, row: Int, column: Int) -> (value: Double, terms: Double) {
    let alignment = wanted.precision.alignment
    let padded = (self.window + alignment - 1) / alignment * alignment
    let source = wanted.isShuffled ? sources[window * wanted.rows + row] : row
    var (sum, terms) = (0.0, 0.0)
    let (left, right) = (window * padded + source * step, column * wanted.depth)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        for k in 0..<wanted.depth {
          let term = Double(a[left + k]) * Double(b[right + k])
          sum += term
          terms += term.magnitude
        }
      }
    }
    if wanted.hasBias { sum += Double(bias[column]) }
    if wanted.isGelu { sum = exactGelu(sum) }
    if wanted.hasResidual {
      sum += Double(residual[(window * wanted.rows + source) * wanted.columns + column])
    }
    return (sum, terms + 1)
  }
}

extension Bench {
  /// A product of many rows; its result has a column more than it needs, `[windows][rows][columns + 1]`.
  func product(_ wanted: ProductCase, _ operands: ProductOperands) throws -> [Float] {
    let type: DevicePrecision = wanted.isWide ? .fp32 : wanted.precision
    let wide = wanted.columns + 1
    let result = try space(wanted.windows * wanted.rows * wide, type)
    let alignment = wanted.precision.alignment
    let window = (operands.window + alignment - 1) / alignment * alignment
    let arguments = swiftlet_product_arguments(
      a: try upload(operands.a, wanted.precision).address,
      b: try upload(operands.b, wanted.precision).address,
      bias: wanted.hasBias ? try upload(operands.bias).address : 0,
      residual: wanted.hasResidual ? try upload(operands.residual).address : 0, c: result.address,
      sources: wanted.isShuffled ? try upload(operands.sources).address : 0,
      counts: try wanted.counts.map { try upload($0).address } ?? 0,
      slots: wanted.isShuffled ? try upload(operands.slots).address : 0, a_step: UInt64(operands.step),
      a_window: UInt64(window), c_step: UInt64(wide), c_window: UInt64(wanted.rows * wide),
      residual_step: UInt64(wanted.columns), residual_window: UInt64(wanted.rows * wanted.columns),
      sources_window: UInt64(wanted.rows), rows: Int32(wanted.rows), columns: Int32(wanted.columns),
      depth: Int32(wanted.depth), flags: flags(wanted))
    try stream.launch(.product(wanted.precision, arguments, windows: wanted.windows, tiles: wanted.tiles))
    return try download(result, type)
  }

  func check(_ wanted: ProductCase, seed: UInt64 = 1) throws -> Comparison {
    let operands = ProductOperands(wanted, seed: seed)
    let result = try product(wanted, operands)
    var comparison = Comparison()
    for window in 0..<wanted.windows {
      let target = wanted.isShuffled ? operands.slots[window] : window
      let count = min(wanted.counts?[window] ?? wanted.rows, wanted.rows)
      for row in 0..<wanted.rows {
        for column in 0...wanted.columns {
          let value = result[(target * wanted.rows + row) * (wanted.columns + 1) + column]
          func place() -> String { "\(wanted): window \(window), row \(row), column \(column)" }
          if row >= count || column == wanted.columns {
            comparison.expectUntouched(value, place())
          } else {
            let (expected, terms) = operands.expected(wanted, window: window, row: row, column: column)
            comparison.expect(value, near: expected, within: tolerance(wanted, expected, terms), place())
          }
        }
      }
    }
    return comparison
  }

  /// A product of few rows, `[rows][columns + 1]`; with `cacheColumn`, those from there on are in the cache that is returned,
  /// `[2 slots][10 positions][columns - cacheColumn]`.
  func productRows(
    _ wanted: ProductCase, _ operands: ProductOperands, pass: Int? = nil, rows: Range<Int>? = nil,
    cacheColumn: Int? = nil, slots: [Int] = [], positions: [Int] = []
  ) throws -> (result: [Float], cache: [Float]) {
    let type: DevicePrecision = wanted.isWide ? .fp32 : wanted.precision
    let rows = rows ?? 0..<wanted.rows
    let wide = wanted.columns + 1
    let result = try space(rows.count * wide, type)
    let cached = cacheColumn.map { wanted.columns - $0 } ?? 0
    let cache = try space(max(1, 20 * cached), wanted.precision)
    let first = rows.lowerBound * operands.step
    let a = Array(
      operands.a[first..<min(operands.a.count, first + (rows.count - 1) * operands.step + wanted.depth)])
    let arguments = swiftlet_few_arguments(
      a: try upload(a, wanted.precision).address, b: try upload(operands.b, wanted.precision).address,
      bias: wanted.hasBias ? try upload(operands.bias).address : 0,
      residual: wanted.hasResidual
        ? try upload(Array(operands.residual[(rows.lowerBound * wanted.columns)...])).address : 0,
      c: result.address, cache: cacheColumn == nil ? 0 : cache.address,
      slots: slots.isEmpty ? 0 : try upload(Array(slots[rows])).address,
      positions: positions.isEmpty ? 0 : try upload(Array(positions[rows])).address,
      a_step: UInt64(operands.step), c_step: UInt64(wide), residual_step: UInt64(wanted.columns),
      cache_slot: UInt64(10 * cached), cache_step: UInt64(cached), rows: Int32(rows.count),
      columns: Int32(wanted.columns), depth: Int32(wanted.depth), flags: flags(wanted),
      cache_column: Int32(cacheColumn ?? 0), reserved: 0)
    try stream.launch(.productRows(wanted.precision, arguments, pass: pass))
    return (try download(result, type), try download(cache, wanted.precision))
  }

  func checkRows(_ wanted: ProductCase, pass: Int? = nil, seed: UInt64 = 1) throws -> Comparison {
    let operands = ProductOperands(wanted, seed: seed)
    let (result, _) = try productRows(wanted, operands, pass: pass)
    var comparison = Comparison()
    for row in 0..<wanted.rows {
      for column in 0...wanted.columns {
        let value = result[row * (wanted.columns + 1) + column]
        func place() -> String { "few rows, \(wanted): row \(row), column \(column)" }
        if column == wanted.columns {
          comparison.expectUntouched(value, place())
        } else {
          let (expected, terms) = operands.expected(wanted, window: 0, row: row, column: column)
          comparison.expect(value, near: expected, within: tolerance(wanted, expected, terms), place())
        }
      }
    }
    return comparison
  }

  private func flags(_ wanted: ProductCase) -> Int32 {
    Int32((wanted.isGelu ? swiftlet_result_gelu : 0) | (wanted.isWide ? swiftlet_result_fp32 : 0))
  }

  /// Sums of fp32 lose a few units of the last place of their terms together; then comes the rounding of the result.
  private func tolerance(_ wanted: ProductCase, _ expected: Double, _ terms: Double) -> Double {
    terms * 0x1p-21 + expected.magnitude
      * (wanted.isWide ? DevicePrecision.fp32 : wanted.precision).roundingError
      + (wanted.precision == .fp16 ? 0x1p-24 : 0)
  }
}
