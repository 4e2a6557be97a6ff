// The feed-forward part of a layer.

package import SwiftletCheckpoints
package import SwiftletCompute

/// `stream += fc2(gelu(fc1(layerNorm(stream))))`.
package struct FeedForward: Sendable {
  private let norm: LayerNormalization
  private let first: Linear
  private let second: Linear

  /// How many times wider the middle is than the stream.
  package static let expansion = 4

  /// Reads `layer.final_layer_norm`, `layer.fc1` and `layer.fc2`.
  package init(_ layer: String, in checkpoint: any Checkpoint, width: Int) throws(CheckpointError) {
    norm = try LayerNormalization("\(layer).final_layer_norm", in: checkpoint)
    first = try Linear("\(layer).fc1", in: checkpoint, columns: Self.expansion * width, depth: width)
    second = try Linear("\(layer).fc2", in: checkpoint, columns: width, depth: Self.expansion * width)
  }

  package func callAsFunction(
    _ stream: Matrix, rows: Int, workspace: Workspace, context: ComputeContext
  ) {
    context.normalize(stream, rows: rows, with: norm, into: workspace.normalized)
    first(workspace.normalized, rows: rows, activation: .gelu, into: workspace.hidden, in: context)
    second(workspace.hidden, rows: rows, residual: stream, into: stream, in: context)
  }
}
