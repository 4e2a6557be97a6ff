// Cross-attention weights to one picture of which token is heard when.

import SwiftletCompute
import SwiftletWhisper

/// How much each token looks at each position, all alignment heads together.
struct AttentionMap {
  let tokens: Int
  let positions: Int
  /// `[tokens, positions]`, larger where a token is more likely to be heard.
  private(set) var values: [Float]

  /// Standardizes each position's weights over the tokens, takes medians over neighbouring positions, and averages over
  /// the heads (openai-whisper's `find_alignment`).
  init(_ attention: CrossAttentionWeights, pool: ThreadPool) {
    let positions = attention.positions
    let tokens = attention.weights.first?.rows ?? 0
    self.tokens = tokens
    self.positions = positions
    // A head is one thread's; they are added in order, so that the result does not depend on the threads.
    let heads = attention.weights.map(Head.init)
    pool.forEach(heads.count) { _, index in heads[index].sharpen() }
    values = [Float](repeating: 0, count: tokens * positions)
    for head in heads { add(head.values.span, to: &values) }
    let scale = 1 / Float(heads.count)
    var span = values.mutableSpan
    for index in span.indices { span[index] *= scale }
  }

  /// The first position of each of the tokens in `range`, in the cheapest monotonous alignment of them with all positions.
  func firstPositions(ofTokens range: Range<Int>) -> [Int] {
    let costs = values[range.lowerBound * positions..<range.upperBound * positions].map { -$0 }
    return warpedPath(costs, rows: range.count, columns: positions).map(\.lowerBound)
  }
}

/// One head's weights, `[tokens, positions]`.
private final class Head {
  private let tokens: Int
  private let positions: Int
  private(set) var values: [Float]

  init(_ weights: Matrix) {
    tokens = weights.rows
    positions = weights.columns
    values = weights.values
  }

  func sharpen() {
    standardize()
    var filter = MedianFilter()
    for token in 0..<tokens { filter.filter(&values, range(token)) }
  }

  /// Takes the mean over tokens from each position's weights and divides by their deviation (of the population). A position
  /// that all tokens look at alike tells nothing: 0.
  private func standardize() {
    let count = Float(tokens)
    var means = [Float](repeating: 0, count: positions)
    for token in 0..<tokens { add(values.span.extracting(range(token)), to: &means) }
    for position in means.indices { means[position] /= count }
    var scales = [Float](repeating: 0, count: positions)
    for token in 0..<tokens {
      addSquares(values.span.extracting(range(token)), minus: means.span, to: &scales)
    }
    for position in scales.indices {
      scales[position] = scales[position] > 0 ? 1 / (scales[position] / count).squareRoot() : 0
    }
    for token in 0..<tokens { scale(&values, range(token), minus: means.span, by: scales.span) }
  }

  private func range(_ token: Int) -> Range<Int> { token * positions..<(token + 1) * positions }
}

private func scale(
  _ values: inout [Float], _ range: Range<Int>, minus means: Span<Float>, by scales: Span<Float>
) {
  var values = values.mutableSpan
  let first = range.lowerBound
  for position in means.indices {
    values[first + position] = (values[first + position] - means[position]) * scales[position]
  }
}

private func add(_ values: Span<Float>, to sums: inout [Float]) {
  var sums = sums.mutableSpan
  for index in values.indices { sums[index] += values[index] }
}

private func addSquares(_ values: Span<Float>, minus means: Span<Float>, to sums: inout [Float]) {
  var sums = sums.mutableSpan
  for index in values.indices {
    let difference = values[index] - means[index]
    sums[index] += difference * difference
  }
}
