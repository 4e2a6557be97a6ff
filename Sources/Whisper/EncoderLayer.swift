// One layer of the encoder.

package import SwiftletCheckpoints
package import SwiftletCompute

/// Self attention over all positions, then the feed-forward part, each normalised before and added to the stream
/// (Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, section 2.2).
package struct EncoderLayer: Sendable {
  private let norm: LayerNormalization
  private let attention: AttentionLayer
  private let feedForward: FeedForward

  /// Reads the tensors below `name`, such as `encoder.layers.0`.
  package init(_ name: String, in checkpoint: any Checkpoint, width: Int, heads: Int) throws(CheckpointError)
  {
    norm = try LayerNormalization("\(name).self_attn_layer_norm", in: checkpoint)
    attention = try AttentionLayer("\(name).self_attn", in: checkpoint, width: width, heads: heads)
    feedForward = try FeedForward(name, in: checkpoint, width: width)
  }

  package func makeStore(capacity: Int) -> KeyValueStore { attention.makeStore(capacity: capacity) }

  /// Updates `stream`, `[rows, width]`, in place; `store` is emptied and filled again.
  package func callAsFunction(
    _ stream: Matrix, rows: Int, store: KeyValueStore, workspace: Workspace, context: ComputeContext
  ) {
    context.normalize(stream, rows: rows, with: norm, into: workspace.normalized)
    store.truncate(to: 0)
    attention.remember(workspace.normalized, rows: rows, in: store, workspace: workspace, context: context)
    attention.attend(
      workspace.normalized, rows: rows, to: store, mask: .none, residual: stream, into: stream,
      workspace: workspace, context: context)
    feedForward(stream, rows: rows, workspace: workspace, context: context)
  }
}
