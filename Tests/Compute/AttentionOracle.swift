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
    let unit = isBaseTwo ? log(2.0) : 1
    var scores: [Double] = []
    var magnitude = 0.0
    var places: [Int] = []
    for position in 0..<visible {
      var sum = 0.0
      var size = 0.0
      for channel in head * headWidth..<(head + 1) * headWidth {
        let term = queries[row * width + channel] * keys[position * width + channel]
        sum += term
        size += term.magnitude
      }
      magnitude = max(magnitude, size)
      for _ in 0..<(repeats?[position] ?? 1) {
        scores.append(sum * unit)
        places.append(position)
      }
    }
    let top = scores.max() ?? 0
    let weights = scores.map { exp($0 - top) }
    let total = weights.reduce(0, +)
    // A score is a sum of `headWidth` terms; the bias is added and the largest is taken from it, each rounded. What it is
    // off by is the relative error of its exponential. That is good to 2 ulp in fp32, or to 7.5e-5 and a rounding to bf16.
    let spread = top - (scores.min() ?? 0)
    let score =
      Roundoff.fp32
      * ((Double(headWidth) + 2) * magnitude * unit + 3 * (top.magnitude + spread + 2 * largestBias))
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
}
