// Attention in double precision over what is stored, and how far rounding may lead away from it.

import Foundation

@testable import SwiftletCompute

/// Queries, keys and values of several heads as they are stored, and how many times each position is there.
struct AttentionOracle {
  let heads: Int
  let headWidth: Int
  /// `[rows, heads · headWidth]`, multiplied by the scale and in the base of `isBaseTwo`.
  let queries: [Double]
  /// `[positions, heads · headWidth]`.
  let keys: [Double]
  let values: [Double]
  /// How many times each position is there: it is really repeated so many times.
  var repeats: [Int]?
  /// Whether exponentials are powers of two and their results bf16.
  let isBaseTwo: Bool
  /// Largest magnitude of what the positions' logarithms add to a score.
  private var largestBias: Double { repeats.map { log(Double($0.max() ?? 1)) } ?? 0 }

  /// Output channel by channel of one row and head, with the most that it may be off by.
  func attend(row: Int, head: Int, visible: Int) -> [(value: Double, limit: Double)] {
    let width = heads * headWidth
    let (single, magnitude) = self.scores(row: row, head: head, visible: visible)
    let places = (0..<visible).flatMap { [Int](repeating: $0, count: repeats?[$0] ?? 1) }
    let scores = places.map { single[$0] }
    let top = scores.max() ?? 0
    let weights = scores.map { exp($0 - top) }
    let total = weights.reduce(0, +)
    // A score is a sum of `headWidth` terms; the bias is added and the largest is taken from it, each rounded. What it is
    // off by is the relative error of its exponential. That is good to 2 ulp in fp32, or to 7.5e-5 and a rounding to bf16.
    let spread = top - (scores.min() ?? 0)
    let score =
      Roundoff.fp32
      * ((Double(headWidth) + 2) * magnitude + 3 * (top.magnitude + spread + 2 * largestBias))
    let relative = score + (isBaseTwo ? 7.5e-5 + 1.01 * Roundoff.bf16 : 4 * Roundoff.fp32)
    return (head * headWidth..<(head + 1) * headWidth).map { channel in
      var mean = 0.0
      var size = 0.0
      for (weight, place) in zip(weights, places) {
        mean += weight * values[place * width + channel] / total
        size += weight * values[place * width + channel].magnitude / total
      }
      // Errors of the weights that are alike cancel in the division by their sum: what counts is how far the values are
      // from their mean.
      var deviation = 0.0
      for (weight, place) in zip(weights, places) {
        deviation += weight * (values[place * width + channel] - mean).magnitude / total
      }
      let summing = Roundoff.fp32 * (1.3 * Double(visible) + 8) * size
      return (mean, deviation * relative / (1 - relative) + summing + 1e-37)
    }
  }

  /// The weights of one row and head among the first `visible` positions, each there once and as if there were no others,
  /// in fp32, with the most that they may be off by.
  func weights(row: Int, head: Int, visible: Int) -> [(value: Double, limit: Double)] {
    let (scores, magnitude) = scores(row: row, head: head, visible: visible)
    let top = scores.max() ?? 0
    let weights = scores.map { exp($0 - top) }
    let total = weights.reduce(0, +)
    let spread = top - (scores.min() ?? 0)
    // As above, and a score is multiplied into another base; the sum's terms and the division are rounded too.
    let relative =
      Roundoff.fp32
      * ((Double(headWidth) + 4) * magnitude + 3 * (top.magnitude + spread) + Double(visible) + 8)
    return weights.map { ($0 / total, 2 * relative * $0 / total + 1e-37) }
  }

  /// Scores of positions by powers of e, and the largest sum of the magnitudes of a score's terms.
  private func scores(row: Int, head: Int, visible: Int) -> (scores: [Double], magnitude: Double) {
    let width = heads * headWidth
    let unit = isBaseTwo ? log(2.0) : 1
    var magnitude = 0.0
    let scores = (0..<visible).map { position in
      var sum = 0.0
      var size = 0.0
      for channel in head * headWidth..<(head + 1) * headWidth {
        let term = queries[row * width + channel] * keys[position * width + channel]
        sum += term
        size += term.magnitude
      }
      magnitude = max(magnitude, size)
      return sum * unit
    }
    return (scores, magnitude * unit)
  }
}
