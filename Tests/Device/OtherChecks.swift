// Normalization, embeddings, copies of caches and repacking against plain arithmetic.

import CDevice
import SwiftletBasics
import SwiftletDevice

extension Bench {
  /// - Parameter sources: rows of the stream that are normalized, below 0 for idle ones; all rows if nil.
  func checkNormalize(
    _ precision: DevicePrecision, rows: Int, width: Int, counts: [Int]? = nil, sources: [Int]? = nil,
    isWide: Bool = false
  ) throws -> Comparison {
    var numbers = Numbers(seed: UInt64(width))
    let windows = counts?.count ?? 1
    let x = numbers.floats(windows * rows * width, within: 5)
    let gamma = numbers.floats(width)
    let beta = numbers.floats(width)
    let type: DevicePrecision = isWide ? .fp32 : precision
    let results = sources?.count ?? rows
    let result = try space(windows * results * (width + 1), type)
    let arguments = swiftlet_normalize_arguments(
      x: try upload(x).address, gamma: try upload(gamma).address, beta: try upload(beta).address,
      c: result.address, sources: try sources.map { try upload($0).address } ?? 0,
      counts: try counts.map { try upload($0).address } ?? 0, x_step: UInt64(width),
      x_window: UInt64(rows * width), c_step: UInt64(width + 1), c_window: UInt64(results * (width + 1)),
      rows: Int32(results), width: Int32(width), flags: Int32(isWide ? swiftlet_result_fp32 : 0),
      epsilon: 1e-5)
    try stream.launch(.normalize(precision, arguments, windows: windows))
    let values = try download(result, type)
    var comparison = Comparison()
    for window in 0..<windows {
      for row in 0..<results {
        let source = sources?[row] ?? row
        let line =
          source < 0
          ? [] : x[(window * rows + source) * width..<(window * rows + source + 1) * width].map(Double.init)
        let mean = line.reduce(0, +) / Double(width)
        let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        for column in 0...width {
          let value = values[(window * results + row) * (width + 1) + column]
          func place() -> String { "normalize, \(precision): window \(window), row \(row), column \(column)" }
          if column == width || row >= counts?[window] ?? results {
            comparison.expectUntouched(value, place())
          } else if source < 0 {
            comparison.expect(value, near: 0, within: 1e-30, place())
          } else {
            let expected =
              (line[column] - mean) / (variance + 1e-5).squareRoot() * Double(gamma[column])
              + Double(beta[column])
            comparison.expect(
              value, near: expected, within: expected.magnitude * type.roundingError + 4e-6, place())
          }
        }
      }
    }
    return comparison
  }

  func checkEmbed(_ precision: DevicePrecision, width: Int, isSmoothed: Bool) throws -> Comparison {
    var numbers = Numbers(seed: 5)
    let (vocabulary, positionCount) = (11, 7)
    let table = numbers.floats(vocabulary * width, precision)
    let smoothing = numbers.floats(width).map { $0 + 2 }
    let places = numbers.floats(positionCount * width)
    let tokens = [3, -1, 10, 0]
    let positions = [6, 0, 0, 2]
    let result = try space(tokens.count * (width + 1))
    let arguments = swiftlet_embed_arguments(
      table: try upload(table, precision).address, smoothing: isSmoothed ? try upload(smoothing).address : 0,
      places: try upload(places).address, tokens: try upload(tokens).address,
      positions: try upload(positions).address, c: result.address, c_step: UInt64(width + 1),
      width: Int32(width),
      reserved: 0)
    try stream.launch(.embed(precision, arguments, rows: tokens.count))
    let values = try download(result)
    var comparison = Comparison()
    for (row, token) in tokens.enumerated() {
      for column in 0...width {
        let value = values[row * (width + 1) + column]
        func place() -> String { "embed, \(precision): row \(row), column \(column)" }
        if column == width {
          comparison.expectUntouched(value, place())
        } else if token < 0 {
          comparison.expect(value, near: 0, within: 1e-30, place())
        } else {
          let weight = Double(table[token * width + column]) / (isSmoothed ? Double(smoothing[column]) : 1)
          comparison.expect(
            value, near: weight + Double(places[positions[row] * width + column]), within: 1e-6, place())
        }
      }
    }
    return comparison
  }

  /// Two forks at once, in every layer.
  func checkCopy() throws -> Comparison {
    let (slots, layers, positions, wide) = (5, 3, 9, 24)
    var numbers = Numbers(seed: 6)
    let cache = numbers.floats(slots * layers * positions * wide)
    let memory = try upload(cache)
    let jobs = [
      swiftlet_copy_job(from: 4, to: 0, first: 2, end: 9),
      swiftlet_copy_job(from: 1, to: 3, first: 0, end: 1),
      swiftlet_copy_job(from: 1, to: 2, first: 4, end: 4),
    ]
    let arguments = swiftlet_copy_arguments(
      cache: memory.address, jobs: try upload(values: jobs).address,
      slot_bytes: UInt64(4 * layers * positions * wide), layer_bytes: UInt64(4 * positions * wide),
      position_bytes: UInt64(4 * wide))
    try stream.launch(.copyCache(arguments, jobs: jobs.count, layers: layers, longest: 7))
    var expected = cache
    func at(_ slot: Int32, _ layer: Int, _ position: Int32) -> Int {
      ((Int(slot) * layers + layer) * positions + Int(position)) * wide
    }
    for job in jobs {
      for layer in 0..<layers {
        for position in job.first..<job.end {
          for i in 0..<wide {
            expected[at(job.to, layer, position) + i] = cache[at(job.from, layer, position) + i]
          }
        }
      }
    }
    var comparison = Comparison()
    comparison.expectSame(try download(memory), expected, "copies of a cache")
    return comparison
  }

  /// Panels as an engine has them, of a matrix whose depth and columns are no multiples of anything.
  ///
  /// - Parameter source: `swiftlet_panel_...`.
  func checkRepack(_ precision: DevicePrecision, source: Int, columns: Int, depth: Int) throws -> Comparison {
    var numbers = Numbers(seed: UInt64(columns))
    let group = [1, 1, 2, 4][source]
    let terms = (depth + group - 1) / group * group
    let panels = (columns + 63) / 64
    let stored: DevicePrecision = [.fp32, .fp16, .bf16, .fp32][source]
    let isBytes = source == swiftlet_panel_int8
    let weights = numbers.floats(columns * depth, stored).map { isBytes ? ($0 * 127).rounded() + 0 : $0 }
    let scales = numbers.floats(panels * 64).map { $0 + 2 }
    var packed = [Float](repeating: 0, count: panels * terms * 64)
    for column in 0..<columns {
      for k in 0..<depth {
        let at = (column / 64 * terms * 64) + (k / group * 64 + column % 64) * group + k % group
        packed[at] = weights[column * depth + k]
      }
    }
    let memory = isBytes ? try upload(values: packed.map { Int8($0) }) : try upload(packed, stored)
    let step = (depth + precision.alignment - 1) / precision.alignment * precision.alignment
    let result = try space(columns * step, precision)
    let arguments = swiftlet_repack_arguments(
      panels: memory.address, scales: isBytes ? try upload(scales).address : 0, c: result.address,
      terms: UInt64(terms), c_step: UInt64(step), columns: Int32(columns), depth: Int32(depth),
      source: Int32(source), reserved: 0)
    try stream.launch(.repack(precision, arguments))
    let values = try download(result, precision)
    var comparison = Comparison()
    let expected = (0..<columns).flatMap { column in
      (0..<step).map { k -> Float in
        k < depth ? precision.rounded(weights[column * depth + k] * (isBytes ? scales[column] : 1)) : 0
      }
    }
    comparison.expectSame(values, expected, "repacking \(source) to \(precision), \(columns) by \(depth)")
    return comparison
  }
}
