// What a search has written so far, or in the end.

import Foundation

/// The tokens of a window in one reading of it.
struct Hypothesis: Hashable, Sendable {
  /// Without the prompt and the end of text; those that were given come first.
  var tokens: [Int] = []
  /// The log-probability of each of `tokens`, 0 for those that were given.
  var logProbabilities: [Float] = []
  /// The sum of them, and of the end of text where it was chosen; fp32, as in openai-whisper.
  var sum: Float = 0
  /// Whether the end of text was chosen.
  var isComplete = false

  mutating func append(_ token: Int, logProbability: Float) {
    tokens.append(token)
    logProbabilities.append(logProbability)
  }
}

/// How hypotheses of different lengths are compared (openai-whisper's `MaximumLikelihoodRanker`).
struct HypothesisRanker: Hashable, Sendable {
  /// The exponent α of ((5 + length) / 6)^α, by which the log-probability is divided (Wu et al., "Google's neural machine
  /// translation system", 2016, section 7); nil to divide by the length.
  var lengthPenalty: Double?

  /// - Parameter given: tokens that were not chosen, and do not count.
  func score(_ hypothesis: Hypothesis, given: Int) -> Double {
    let length = hypothesis.tokens.count - given
    let penalty =
      lengthPenalty.map { pow(Double(5 + length) / 6, $0) } ?? Double(max(1, length))
    return Double(hypothesis.sum) / penalty
  }

  /// The best, the first of equals.
  func best(of hypotheses: [Hypothesis], given: Int) -> Hypothesis? {
    var best: (hypothesis: Hypothesis, score: Double)?
    for hypothesis in hypotheses {
      let score = score(hypothesis, given: given)
      if best.map({ score > $0.score }) ?? true { best = (hypothesis, score) }
    }
    return best?.hypothesis
  }
}
