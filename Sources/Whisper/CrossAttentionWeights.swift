// Which moments of the sound the decoder looks at while it goes over text that is known.

import Foundation
package import SwiftletCheckpoints
package import SwiftletCompute

/// The cross-attention weights of chosen heads over the sound, for every token of a sequence.
package final class CrossAttentionWeights {
  package let heads: [AlignmentHead]
  /// Positions (20 ms each) from the start of the window, over which weights add up to 1 as if there were no others.
  package let positions: Int
  /// One a head, fp32, `[tokens, positions]`.
  package let weights: [Matrix]

  init(heads: [AlignmentHead], tokens: Int, positions: Int) {
    self.heads = heads
    self.positions = positions
    weights = heads.map { _ in Matrix(rows: tokens, columns: positions) }
  }

  /// Takes the weights of one head; called by the thread that has just computed its queries.
  func observe(
    layer: Int, head: Int, _ workspace: DecoderWorkspace, scratch: AttentionScratch, _ context: ComputeContext
  ) {
    guard let index = heads.firstIndex(of: AlignmentHead(layer: layer, head: head)) else { return }
    workspace.forEachAudio { audio, rows in
      context.attentionWeights(
        workspace.queries, rows: rows, head: head, to: audio.memories[layer], positions: positions,
        scratch: scratch, into: weights[index], outputRow: rows.lowerBound)
    }
  }
}

extension TextDecoder {
  /// Consumes the pending tokens of `sequence` in one step and tells where in the sound it looked.
  ///
  /// It is openai-whisper's `find_alignment` (`timing.py`) up to the softmax: scores are cut to the sound's positions
  /// before it, so that a tail that is folded or silent has no part in them.
  ///
  /// - Parameter positions: of the window that hold sound; positions of a folded tail are left out.
  /// - Throws: ``WhisperError/contextExceeded(tokens:positions:)``,
  ///   ``WhisperError/noSuchToken(_:vocabularySize:)``.
  package func crossAttention(
    of heads: [AlignmentHead], positions: Int, consuming sequence: TextSequence, in state: State,
    context: ComputeContext
  ) throws(WhisperError) -> CrossAttentionWeights {
    let observer = CrossAttentionWeights(
      heads: heads, tokens: sequence.pending.count, positions: min(positions, sequence.audio.wholePositions))
    state.workspace.observer = observer
    defer { state.workspace.observer = nil }
    try step([sequence], in: state, context: context)
    return observer
  }

  /// How probable each of `tokens` was among the tokens below `limit`, by the last step.
  ///
  /// - Parameter row: the row of the step that the first of them follows.
  package func probabilities(
    of tokens: [Int], followingRow row: Int, below limit: Int, in state: State, context: ComputeContext
  ) -> [Float] {
    stride(from: 0, to: tokens.count, by: State.logitRows).flatMap { first in
      let group = tokens[first..<min(first + State.logitRows, tokens.count)]
      computeLogits(ofRows: group.indices.map { row + $0 }, in: state, context: context)
      return group.enumerated().map { index, token in
        state.logits.withRow(index) { logits in
          exp(logits[token] - context.logSumExp(logits.extracting(0..<limit)))
        }
      }
    }
  }
}
