// Which moments of the sound the decoder looks at while it goes over text that is known.

package import SwiftletCheckpoints
package import SwiftletCompute

/// The cross-attention weights of chosen heads over the sound, for every token of a sequence.
package final class CrossAttentionWeights {
  package let heads: [AlignmentHead]
  /// Positions (20 ms each) from the start of the window, over which weights add up to 1 as if there were no others.
  package let positions: Int
  /// One a head, fp32, `[tokens, positions]`.
  package let weights: [Matrix]

  /// For the pending tokens of a sequence.
  ///
  /// - Parameter positions: of the window that hold sound; of them, those of a folded tail are left out.
  init(of heads: [AlignmentHead], positions: Int, consuming sequence: TextSequence) {
    let positions = min(positions, sequence.audio.wholePositions)
    self.heads = heads
    self.positions = positions
    weights = heads.map { _ in Matrix(rows: sequence.pending.count, columns: positions) }
  }
}
