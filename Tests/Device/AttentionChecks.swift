// Attention of all kinds against double precision.

import CDevice
import Foundation
import SwiftletDevice

private let channels = swiftlet_head_channels

/// softmax(scores) · values in double precision, and the largest value.
func attended(_ scores: [Double], _ value: (_ position: Int, _ channel: Int) -> Float) -> (
  values: [Double], weights: [Double]
) {
  let largest = scores.max() ?? 0
  let weights = scores.map { exp($0 - largest) }
  let total = weights.reduce(0, +)
  var sums = [Double](repeating: 0, count: channels)
  for (position, weight) in weights.enumerated() {
    for channel in 0..<channels { sums[channel] += weight / total * Double(value(position, channel)) }
  }
  return (sums, weights.map { $0 / total })
}

/// The encoder's attention over windows of different lengths.
struct AttendCase {
  var precision: DevicePrecision
  var heads: Int
  /// Room for positions of each window.
  var positions: Int
  var counts: [Int]?
  var hasBias = false
  var windows: Int { counts?.count ?? 1 }
  var step: Int { 3 * heads * channels + precision.alignment }
}

struct AttendOperands {
  let qkv: [Float]
  let bias: [Float]

  init(_ wanted: AttendCase, seed: UInt64 = 1) {
    var numbers = Numbers(seed: seed)
    qkv = numbers.floats(wanted.windows * wanted.positions * wanted.step, wanted.precision, within: 2)
    bias = numbers.floats(wanted.windows * wanted.positions, within: 3)
  }

  init(qkv: [Float], bias: [Float]) { (self.qkv, self.bias) = (qkv, bias) }
}

extension Bench {
  /// `[windows][positions][heads · 64]`.
  func attend(_ wanted: AttendCase, _ operands: AttendOperands) throws -> [Float] {
    let wide = wanted.heads * channels
    let result = try space(wanted.windows * wanted.positions * wide, wanted.precision)
    let arguments = swiftlet_attend_arguments(
      queries_keys_values: try upload(operands.qkv, wanted.precision).address,
      bias: wanted.hasBias ? try upload(operands.bias).address : 0,
      counts: try wanted.counts.map { try upload($0).address } ?? 0, c: result.address,
      step: UInt64(wanted.step),
      window: UInt64(wanted.positions * wanted.step), c_step: UInt64(wide),
      c_window: UInt64(wanted.positions * wide), bias_window: UInt64(wanted.positions),
      positions: Int32(wanted.positions), heads: Int32(wanted.heads), scale: 0.125, reserved: 0)
    try stream.launch(.attend(wanted.precision, arguments, windows: wanted.windows))
    return try download(result, wanted.precision)
  }

  func check(_ wanted: AttendCase, seed: UInt64 = 1) throws -> Comparison {
    let operands = AttendOperands(wanted, seed: seed)
    let result = try attend(wanted, operands)
    var comparison = Comparison()
    let wide = wanted.heads * channels
    for window in 0..<wanted.windows {
      let count = min(wanted.counts?[window] ?? wanted.positions, wanted.positions)
      func value(_ part: Int, _ position: Int, _ head: Int, _ channel: Int) -> Float {
        operands.qkv[
          (window * wanted.positions + position) * wanted.step + (part * wanted.heads + head) * channels
            + channel]
      }
      for head in 0..<wanted.heads {
        for row in 0..<wanted.positions {
          let first = (window * wanted.positions + row) * wide + head * channels
          func place() -> String { "\(wanted): window \(window), head \(head), row \(row)" }
          guard row < count else {
            comparison.expectUntouched(result[first], place())
            continue
          }
          // All rows are written; every few are compared, and those around the edges of tiles.
          guard row % 13 == 0 || row + 2 >= count || (62...66).contains(row) else {
            comparison.expect(result[first] * 0, near: 0, within: 1, place())
            continue
          }
          var scores = [Double](repeating: 0, count: count)
          for position in 0..<count {
            for channel in 0..<channels {
              scores[position] +=
                Double(value(0, row, head, channel)) * Double(value(1, position, head, channel))
            }
            scores[position] *= 0.125
            if wanted.hasBias {
              scores[position] += Double(operands.bias[window * wanted.positions + position])
            }
          }
          let (expected, _) = attended(scores) { value(2, $0, head, $1) }
          for channel in 0..<channels {
            // Weights are rounded, and then their sum of values at most 2.
            let tolerance = 2 * 2 * wanted.precision.roundingError + 4e-6
            comparison.expect(result[first + channel], near: expected[channel], within: tolerance, place())
          }
        }
      }
    }
    return comparison
  }
}

/// The decoder's attention: rows that look at slots of a cache.
struct RowsCase {
  var precision: DevicePrecision
  var heads: Int
  /// The slot that each row belongs to; below 0 for an idle row.
  var slots: [Int]
  /// Room for positions of each slot.
  var capacity: Int
  /// Self attention: each row's position. Cross attention: how many positions each slot has.
  var positions: [Int]
  var isCross: Bool
  var hasBias = false
  var slotCount: Int { (slots.max() ?? 0) + 1 }
}

struct RowsOperands {
  let queries: [Float]
  let cache: [Float]
  let bias: [Float]

  init(_ wanted: RowsCase, seed: UInt64 = 1) {
    var numbers = Numbers(seed: seed)
    queries = numbers.floats(wanted.slots.count * wanted.heads * channels, wanted.precision, within: 2)
    cache = numbers.floats(
      wanted.slotCount * wanted.capacity * 2 * wanted.heads * channels, wanted.precision, within: 2)
    bias = numbers.floats(wanted.slotCount * wanted.capacity, within: 3)
  }

  func scores(_ wanted: RowsCase, row: Int, head: Int, count: Int) -> [Double] {
    let wide = wanted.heads * channels
    let slot = wanted.slots[row]
    return (0..<count).map { position in
      var sum = 0.0
      for channel in 0..<channels {
        sum +=
          Double(queries[row * wide + head * channels + channel])
          * Double(cache[(slot * wanted.capacity + position) * 2 * wide + head * channels + channel])
      }
      return sum * 0.125 + (wanted.hasBias ? Double(bias[slot * wanted.capacity + position]) : 0)
    }
  }
}

extension Bench {
  /// Rows `rows` alone, `[rows][heads · 64]`.
  func attendRows(_ wanted: RowsCase, _ operands: RowsOperands, rows: [Int]? = nil) throws -> [Float] {
    let rows = rows ?? Array(wanted.slots.indices)
    let wide = wanted.heads * channels
    let result = try space(rows.count * wide, wanted.precision)
    let parts = KernelLaunch<swiftlet_attend_rows_arguments>.crossParts(positions: wanted.capacity)
    let arguments = swiftlet_attend_rows_arguments(
      queries: try upload(rows.flatMap { operands.queries[$0 * wide..<($0 + 1) * wide] }, wanted.precision)
        .address,
      cache: try upload(operands.cache, wanted.precision).address,
      slots: try upload(rows.map { wanted.slots[$0] }).address,
      positions: try upload(wanted.isCross ? wanted.positions : rows.map { wanted.positions[$0] }).address,
      bias: wanted.hasBias ? try upload(operands.bias).address : 0, c: result.address,
      parts: wanted.isCross ? try space(rows.count * wanted.heads * parts * (2 + channels)).address : 0,
      query_step: UInt64(wide), cache_slot: UInt64(wanted.capacity * 2 * wide), cache_step: UInt64(2 * wide),
      c_step: UInt64(wide), bias_slot: UInt64(wanted.capacity), heads: Int32(wanted.heads),
      parts_stride: Int32(parts), scale: 0.125, reserved: 0)
    if wanted.isCross {
      try stream.launch(
        .attendCross(wanted.precision, arguments, rows: rows.count, positions: wanted.capacity))
      try stream.launch(.joinCross(wanted.precision, arguments, rows: rows.count))
    } else {
      try stream.launch(
        .attendSelf(wanted.precision, arguments, rows: rows.count, positions: wanted.capacity))
    }
    return try download(result, wanted.precision)
  }

  func check(_ wanted: RowsCase, seed: UInt64 = 1) throws -> Comparison {
    let operands = RowsOperands(wanted, seed: seed)
    let result = try attendRows(wanted, operands)
    var comparison = Comparison()
    let wide = wanted.heads * channels
    for (row, slot) in wanted.slots.enumerated() {
      for head in 0..<wanted.heads {
        func place() -> String { "\(wanted.precision), cross \(wanted.isCross): row \(row), head \(head)" }
        var expected = [Double](repeating: 0, count: channels)
        if slot >= 0 {
          let count = wanted.isCross ? wanted.positions[slot] : wanted.positions[row] + 1
          let scores = operands.scores(wanted, row: row, head: head, count: count)
          expected =
            attended(scores) {
              operands.cache[(slot * wanted.capacity + $0) * 2 * wide + (wanted.heads + head) * channels + $1]
            }.values
        }
        for channel in 0..<channels {
          comparison.expect(
            result[row * wide + head * channels + channel], near: expected[channel],
            within: 2 * wanted.precision.roundingError + 4e-6, place())
        }
      }
    }
    return comparison
  }

  /// The alignment weights of every head, in reverse order, over the first `positions` positions.
  func checkAlignment(_ wanted: RowsCase, positions: Int, seed: UInt64 = 1) throws -> Comparison {
    let operands = RowsOperands(wanted, seed: seed)
    let wide = wanted.heads * channels
    let rows = wanted.slots.count
    let stride = positions + 3
    let result = try space(wanted.heads * rows * stride)
    let heads = Array(0..<wanted.heads)
    let arguments = swiftlet_alignment_arguments(
      queries: try upload(operands.queries, wanted.precision).address,
      cache: try upload(operands.cache, wanted.precision).address, slots: try upload(wanted.slots).address,
      heads: try upload(heads).address, planes: try upload(heads.reversed()).address, c: result.address,
      query_step: UInt64(wide), cache_slot: UInt64(wanted.capacity * 2 * wide), cache_step: UInt64(2 * wide),
      c_step: UInt64(stride), c_plane: UInt64(rows * stride), positions: Int32(positions), scale: 0.125)
    try stream.launch(.alignment(wanted.precision, arguments, listed: wanted.heads, rows: rows))
    let values = try download(result)
    var comparison = Comparison()
    for row in 0..<rows {
      for head in heads {
        let scores = operands.scores(wanted, row: row, head: head, count: positions)
        let (_, weights) = attended(scores) { _, _ in 0 }
        for position in 0..<stride {
          let value = values[((wanted.heads - 1 - head) * rows + row) * stride + position]
          func place() -> String {
            "alignment, \(wanted.precision): row \(row), head \(head), position \(position)"
          }
          if position < positions {
            comparison.expect(
              value, near: weights[position], within: weights[position] * 4e-6 + 1e-9, place())
          } else {
            comparison.expectUntouched(value, place())
          }
        }
      }
    }
    return comparison
  }
}
