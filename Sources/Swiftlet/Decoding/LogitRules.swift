// The rules that change logits before a token is chosen.

import SwiftletCompute

/// All rules of a decoding, in the order in which openai-whisper applies them (`decoding.py`), after the two that only
/// faster-whisper has.
///
/// A token that may not be chosen gets -∞. Rules work on one row of logits in place, `[vocabularySize]`, and see the tokens
/// that the hypothesis has so far in this window.
struct LogitRules: Hashable, Sendable {
  var repetitionPenalty: RepetitionPenalty?
  var repeatedNGrams: RepeatedNGrams?
  /// Neither a space nor the end as the first token (`SuppressBlank`).
  var blank: SuppressTokens?
  var suppressed: SuppressTokens
  var timestamps: TimestampRules?

  /// - Parameter given: so many of `tokens` were not chosen but given, from the first on.
  func apply(
    to row: inout MutableSpan<Float>, after tokens: [Int], given: Int, _ context: ComputeContext
  ) {
    repetitionPenalty?.apply(to: &row, after: tokens)
    repeatedNGrams?.apply(to: &row, after: tokens)
    if tokens.count == given { blank?.apply(to: &row) }
    suppressed.apply(to: &row)
    timestamps?.apply(to: &row, after: tokens, context)
  }
}

/// Tokens that are never chosen (`SuppressTokens`).
struct SuppressTokens: Hashable, Sendable {
  var tokens: [Int]

  func apply(to row: inout MutableSpan<Float>) {
    for token in tokens { row[token] = -.infinity }
  }
}
