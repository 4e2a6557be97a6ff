// Tokens out of logits: the most probable one at each step.

import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// Greedy decoding of one window, with the suppressions that openai-whisper applies by default.
struct GreedyDecoder {
  let model: WhisperModel
  let tokenizer: Tokenizer
  let context: ComputeContext
  let state: TextDecoder.State

  /// The tokens of the window `encoded`, without the start sequence and the end of text.
  ///
  /// Non-speech and control tokens are never chosen, and neither a blank nor the end as the first token
  /// (`SuppressTokens` and `SuppressBlank` of openai-whisper's `decoding.py`). At most half of the decoder's context is
  /// written, as there (`sample_len`).
  ///
  /// - Parameters:
  ///   - encoded: `[audioContext, audioWidth]`.
  ///   - isCancelled: asked before every step.
  func tokens(
    of encoded: Matrix, after startSequence: [Int], isCancelled: () -> Bool
  ) throws -> [Int] {
    model.decoder.begin(encoded, in: state, context: context)
    var tokens: [Int] = []
    var pending = startSequence
    let limit = model.dimensions.textContext / 2
    while tokens.count < limit {
      if isCancelled() { throw CancellationError() }
      try model.decoder.consume(pending, in: state, context: context)
      let logits = model.decoder.logits(ofRow: pending.count - 1, in: state, context: context)
      for token in tokenizer.suppressedTokens { logits[0, token] = -.infinity }
      if tokens.isEmpty {
        for token in tokenizer.blankTokens { logits[0, token] = -.infinity }
      }
      let next = logits.withRow(0) { argmax($0, in: 0..<$0.count) }
      if next == tokenizer.specials.endOfText { break }
      tokens.append(next)
      pending = [next]
    }
    return tokens
  }

  /// The most probable language of the window `encoded`: the best language token after the start of the transcript
  /// (openai-whisper's `detect_language`).
  func language(of encoded: Matrix) throws -> Language? {
    model.decoder.begin(encoded, in: state, context: context)
    try model.decoder.consume([tokenizer.specials.startOfTranscript], in: state, context: context)
    let logits = model.decoder.logits(ofRow: 0, in: state, context: context)
    let best = logits.withRow(0) { row in
      tokenizer.specials.languages.max { row[$0] < row[$1] }
    }
    return best.flatMap(tokenizer.specials.language(of:))
  }
}

/// The index of the largest value, the first of several.
func argmax(_ values: Span<Float>, in range: Range<Int>) -> Int {
  var best = range.lowerBound
  for index in range where values[index] > values[best] { best = index }
  return best
}
