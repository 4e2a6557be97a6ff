// Tokens out of logits: the most probable one at each step.

import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// Greedy decoding of one window, with the suppressions that openai-whisper applies by default.
final class GreedyDecoder {
  private let model: WhisperModel
  private let tokenizer: Tokenizer
  private let context: ComputeContext
  private let state: TextDecoder.State
  private let audio: AudioMemory
  private let sequence: TextSequence
  private let sequences: [TextSequence]

  init(model: WhisperModel, tokenizer: Tokenizer, context: ComputeContext) throws {
    self.model = model
    self.tokenizer = tokenizer
    self.context = context
    state = try model.decoder.makeState(context)
    audio = model.decoder.makeAudioMemory()
    sequence = model.decoder.makeSequence(over: audio)
    sequences = [sequence]
  }

  /// What greedy decoding found.
  struct Outcome {
    /// Without the start sequence and the end of text.
    var tokens: [Int]
    /// Whether the end of text came before the limit.
    var isComplete: Bool
  }

  /// Takes in the audio features of a window.
  func listen(to encoded: Matrix, plan: WindowPlan) {
    model.decoder.listen(to: encoded, plan: plan, into: audio, state: state, context: context)
  }

  /// The tokens of the window that was listened to.
  ///
  /// Non-speech and control tokens are never chosen, and neither a blank nor the end as the first token
  /// (`SuppressTokens` and `SuppressBlank` of openai-whisper's `decoding.py`). At most half of the decoder's context is
  /// written, as there (`sample_len`), or `limit` tokens.
  ///
  /// - Parameter isCancelled: asked before every step.
  func tokens(after startSequence: [Int], limit: Int? = nil, isCancelled: () -> Bool) throws -> Outcome {
    sequence.restart(over: audio)
    var tokens: [Int] = []
    let longest = min(limit ?? .max, model.dimensions.textContext / 2)
    tokens.reserveCapacity(longest)
    sequence.push(startSequence)
    while tokens.count < longest {
      if isCancelled() { throw CancellationError() }
      try model.decoder.step(sequences, in: state, context: context)
      model.decoder.computeLogits(in: state, context: context)
      for token in tokenizer.suppressedTokens { state.logits[0, token] = -.infinity }
      if tokens.isEmpty {
        for token in tokenizer.blankTokens { state.logits[0, token] = -.infinity }
      }
      let next = context.argmax(state.logits, row: 0)
      if next == tokenizer.specials.endOfText { return Outcome(tokens: tokens, isComplete: true) }
      tokens.append(next)
      sequence.push(next)
    }
    return Outcome(tokens: tokens, isComplete: false)
  }

  /// The most probable language of the window that was listened to: the best language token after the start of the
  /// transcript (openai-whisper's `detect_language`).
  func language() throws -> Language? {
    sequence.restart(over: audio)
    sequence.push(tokenizer.specials.startOfTranscript)
    try model.decoder.step(sequences, in: state, context: context)
    model.decoder.computeLogits(in: state, context: context)
    let best = state.logits.withRow(0) { row in
      tokenizer.specials.languages.max { row[$0] < row[$1] }
    }
    return best.flatMap(tokenizer.specials.language(of:))
  }
}
