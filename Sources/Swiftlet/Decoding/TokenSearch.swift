// The part of decoding that the strategies have in common.

import SwiftletCompute
import SwiftletWhisper

/// A strategy at work on one window: what to run next, and what to make of its logits.
protocol TokenSearch: AnyObject {
  /// The sequences of the next step, each with its pending tokens; none when the search is over.
  var sequences: [TextSequence] { get }
  /// Takes the logits of what follows each of `sequences`, in their order, chooses tokens and makes them pending.
  func advance(_ logits: LogitRows)
  /// The best hypothesis once the search is over.
  var best: Hypothesis { get }
}

/// Rows of logits, of which a search takes one for each of its sequences and may change them.
struct LogitRows {
  let matrix: Matrix
  /// The row of the first sequence.
  var first: Int
  let context: ComputeContext
}

/// What a search begins with.
struct SearchBeginning {
  /// As many as the strategy has hypotheses; the first has the prompt pending, over the window's audio.
  var sequences: [TextSequence]
  /// Tokens of the prompt, the given ones included.
  var promptLength: Int
  /// The last tokens of the prompt, which belong to the hypothesis.
  var given: [Int]
  var rules: LogitRules
  var ranker: HypothesisRanker
  var endOfText: Int
  /// At most so many tokens are chosen.
  var limit: Int
  /// The decoder's positions.
  var contextLength: Int

  /// A hypothesis with nothing chosen yet, with room for all that will be.
  var hypothesis: Hypothesis {
    var hypothesis = Hypothesis()
    hypothesis.tokens.reserveCapacity(given.count + limit)
    hypothesis.logProbabilities.reserveCapacity(given.count + limit)
    for token in given { hypothesis.append(token, logProbability: 0) }
    return hypothesis
  }

  /// Whether nothing can be added: openai-whisper stops at half of the context (`sample_len`), and where the context is
  /// full.
  func isFull(_ hypothesis: Hypothesis) -> Bool {
    let chosen = hypothesis.tokens.count - given.count
    return chosen >= limit || promptLength + chosen > contextLength
  }

  func best(of hypotheses: [Hypothesis]) -> Hypothesis {
    ranker.best(of: hypotheses, given: given.count) ?? hypothesis
  }
}
