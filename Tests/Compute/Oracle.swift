// Plain double-precision versions of the operators: slow, and easy to see to be right.

import Foundation
import SwiftletCompute

enum Oracle {
  /// x/2 erfc(-x/√2), the form that keeps its digits where the result is small.
  static func gelu(_ x: Double) -> Double { x / 2 * erfc(-x / 2.0.squareRoot()) }

  /// `softmax(q kᵀ) v` for each head; all matrices `[rows, heads · headWidth]`.
  static func attention(
    q: [Float], k: [Float], v: [Float], heads: Int, headWidth: Int, rows: Int, positions: Int,
    mask: AttentionMask
  ) -> [Double] {
    let width = heads * headWidth
    var output = [Double](repeating: 0, count: rows * width)
    for head in 0..<heads {
      for row in 0..<rows {
        var visible = positions
        if case .causal(let first) = mask { visible = min(positions, first + row + 1) }
        let scores = (0..<visible).map { position in
          (0..<headWidth).reduce(0.0) { sum, channel in
            sum + Double(q[row * width + head * headWidth + channel])
              * Double(k[position * width + head * headWidth + channel])
          }
        }
        let top = scores.max() ?? 0
        let weights = scores.map { exp($0 - top) }
        let total = weights.reduce(0, +)
        for channel in 0..<headWidth {
          let at = head * headWidth + channel
          output[row * width + at] =
            weights.indices.reduce(0.0) { $0 + weights[$1] * Double(v[$1 * width + at]) } / total
        }
      }
    }
    return output
  }
}
