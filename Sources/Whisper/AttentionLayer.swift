// Multi-head attention with its four projections, for self and cross attention alike.

package import SwiftletCheckpoints
package import SwiftletCompute

/// Multi-head attention (Vaswani et al., 2017, section 3.2.2), as Whisper has it: the key projection has no bias.
package struct AttentionLayer: Sendable {
  package let heads: Int
  package let headWidth: Int
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let out: Linear

  /// Reads `name.q_proj`, `name.k_proj`, `name.v_proj` and `name.out_proj`.
  package init(_ name: String, in checkpoint: any Checkpoint, width: Int, heads: Int) throws(CheckpointError)
  {
    self.heads = heads
    headWidth = width / heads
    let scale = 1 / Float(headWidth).squareRoot()
    query = try Linear("\(name).q_proj", in: checkpoint, columns: width, depth: width, scale: scale)
    key = try Linear("\(name).k_proj", in: checkpoint, columns: width, depth: width, hasBias: false)
    value = try Linear("\(name).v_proj", in: checkpoint, columns: width, depth: width)
    out = try Linear("\(name).out_proj", in: checkpoint, columns: width, depth: width)
  }

  /// An empty store with room for `capacity` positions.
  package func makeStore(capacity: Int) -> KeyValueStore {
    KeyValueStore(heads: heads, headWidth: headWidth, capacity: capacity)
  }

  /// Appends the keys and values of the first `rows` rows of `input`, `[rows, width]`, to `store`.
  package func remember(
    _ input: Matrix, rows: Int, in store: KeyValueStore, workspace: Workspace, context: ComputeContext
  ) {
    key(input, rows: rows, into: workspace.keys, in: context)
    value(input, rows: rows, into: workspace.values, in: context)
    store.append(keys: workspace.keys, values: workspace.values, rows: rows, in: context)
  }

  /// `output = attention(input, store) + residual`, `[rows, width]`.
  package func attend(
    _ input: Matrix, rows: Int, to store: KeyValueStore, mask: AttentionMask, residual: Matrix? = nil,
    into output: Matrix, workspace: Workspace, context: ComputeContext
  ) {
    query(input, rows: rows, into: workspace.queries, in: context)
    context.attend(workspace.queries, rows: rows, to: store, mask: mask, into: workspace.attended)
    out(workspace.attended, rows: rows, residual: residual, into: output, in: context)
  }
}
