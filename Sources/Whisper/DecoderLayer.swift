// One layer of the decoder.

package import SwiftletCheckpoints
package import SwiftletCompute

/// Causal self attention, cross attention to the encoder's output, then the feed-forward part (Radford et al., 2022,
/// section 2.2).
package struct DecoderLayer: Sendable {
  private let selfNorm: LayerNormalization
  private let selfAttention: AttentionLayer
  private let crossNorm: LayerNormalization
  private let crossAttention: AttentionLayer
  private let feedForward: FeedForward

  /// Reads the tensors below `name`, such as `decoder.layers.0`.
  package init(_ name: String, in checkpoint: any Checkpoint, width: Int, heads: Int) throws(CheckpointError)
  {
    selfNorm = try LayerNormalization("\(name).self_attn_layer_norm", in: checkpoint)
    selfAttention = try AttentionLayer("\(name).self_attn", in: checkpoint, width: width, heads: heads)
    crossNorm = try LayerNormalization("\(name).encoder_attn_layer_norm", in: checkpoint)
    crossAttention = try AttentionLayer("\(name).encoder_attn", in: checkpoint, width: width, heads: heads)
    feedForward = try FeedForward(name, in: checkpoint, width: width)
  }

  /// What this layer remembers of one sequence.
  package struct Cache {
    /// Grows with every token.
    package let selfAttention: KeyValueStore
    /// Filled once a window.
    package let crossAttention: KeyValueStore
  }

  package func makeCache(textContext: Int, audioContext: Int) -> Cache {
    Cache(
      selfAttention: selfAttention.makeStore(capacity: textContext),
      crossAttention: crossAttention.makeStore(capacity: audioContext))
  }

  /// Computes the cross-attention keys and values of `encoded`, `[rows, width]`, in place of those in `cache`.
  package func attendTo(
    _ encoded: Matrix, rows: Int, cache: Cache, workspace: Workspace, context: ComputeContext
  ) {
    cache.crossAttention.truncate(to: 0)
    crossAttention.remember(
      encoded, rows: rows, in: cache.crossAttention, workspace: workspace, context: context)
  }

  /// Updates `stream`, `[rows, width]`, in place: the positions that follow those in `cache`, to which it adds them.
  package func callAsFunction(
    _ stream: Matrix, rows: Int, cache: Cache, workspace: Workspace, context: ComputeContext
  ) {
    let first = cache.selfAttention.count
    context.normalize(stream, rows: rows, with: selfNorm, into: workspace.normalized)
    selfAttention.remember(
      workspace.normalized, rows: rows, in: cache.selfAttention, workspace: workspace, context: context)
    selfAttention.attend(
      workspace.normalized, rows: rows, to: cache.selfAttention, mask: .causal(firstPosition: first),
      residual: stream, into: stream, workspace: workspace, context: context)
    context.normalize(stream, rows: rows, with: crossNorm, into: workspace.normalized)
    crossAttention.attend(
      workspace.normalized, rows: rows, to: cache.crossAttention, mask: .none, residual: stream, into: stream,
      workspace: workspace, context: context)
    feedForward(stream, rows: rows, workspace: workspace, context: context)
  }
}
