// One layer of the decoder, over the rows of all sequences of a step.

import SwiftletCompute

/// Causal self attention, cross attention to the audio, then the feed-forward part (Radford et al., 2022, section 2.2).
struct DecoderLayer: Sendable {
  let selfNorm: LayerNormalization
  let queryKeyValue: PackedLinear
  let selfOut: PackedLinear
  let crossNorm: LayerNormalization
  let crossQuery: PackedLinear
  let crossKeyValue: PackedLinear
  let crossOut: PackedLinear
  let feedForwardNorm: LayerNormalization
  let first: PackedLinear
  let second: PackedLinear

  init(_ name: String, in file: EngineFile) throws {
    selfNorm = try file.norm("\(name).self_attn_layer_norm")
    queryKeyValue = try file.linear("\(name).self_attn.qkv")
    selfOut = try file.linear("\(name).self_attn.out_proj")
    crossNorm = try file.norm("\(name).encoder_attn_layer_norm")
    crossQuery = try file.linear("\(name).encoder_attn.q")
    crossKeyValue = try file.linear("\(name).encoder_attn.kv")
    crossOut = try file.linear("\(name).encoder_attn.out_proj")
    feedForwardNorm = try file.norm("\(name).final_layer_norm")
    first = try file.linear("\(name).fc1")
    second = try file.linear("\(name).fc2")
  }

  /// Updates `workspace.stream` in place: the rows of all sequences, which are added to the sequences' caches.
  ///
  /// All threads of the pool's team call this together.
  func run(_ index: Int, _ workspace: DecoderWorkspace, thread: Int, context: ComputeContext) {
    let rows = workspace.rows
    let team = context.pool.team
    let panel = workspace.panels[thread]
    workspace.normalize(selfNorm, thread, context)
    team.forEach(workspace.heads, thread: thread) { head in
      for part in 0..<3 {
        let column = part * workspace.heads + head
        context.productRows(
          workspace.normalized, rows: 0..<rows, by: queryKeyValue, panels: column..<column + 1, into: panel,
          outputRow: 0)
        if part == 0 {
          workspace.setQueries(head, from: panel, context)
          continue
        }
        workspace.forEachSequence(layer: index) { memory, position, rows in
          if part == 1 {
            context.storeKeys(
              panel, sourceRow: rows.lowerBound, rows: rows.count, head: head, at: position, in: memory)
          } else {
            context.storeValues(
              panel, sourceRow: rows.lowerBound, rows: rows.count, head: head, at: position, in: memory)
          }
        }
      }
      workspace.forEachSequence(layer: index) { memory, position, rows in
        context.attendRows(
          workspace.queries, rows: rows, head: head, to: memory,
          mask: .causal(firstPosition: position), scratch: workspace.attention[thread],
          into: workspace.attended.written, outputRow: rows.lowerBound)
      }
    }
    workspace.settle(workspace.attended, thread, context)
    workspace.addProduct(workspace.attended.read, by: selfOut, thread, context)

    workspace.normalize(crossNorm, thread, context)
    team.forEach(workspace.heads, thread: thread) { head in
      context.productRows(
        workspace.normalized, rows: 0..<rows, by: crossQuery, panels: head..<head + 1, into: panel,
        outputRow: 0)
      workspace.setQueries(head, from: panel, context)
      workspace.forEachAudio(layer: index) { memory, rows in
        context.attendRows(
          workspace.queries, rows: rows, head: head, to: memory, mask: .none,
          scratch: workspace.attention[thread], into: workspace.attended.written, outputRow: rows.lowerBound)
      }
      workspace.observer?.observe(
        layer: index, head: head, workspace, scratch: workspace.attention[thread], context)
    }
    workspace.settle(workspace.attended, thread, context)
    workspace.addProduct(workspace.attended.read, by: crossOut, thread, context)

    workspace.normalize(feedForwardNorm, thread, context)
    context.productTogether(
      workspace.normalized, rows: rows, by: first, activation: workspace.precision.gelu,
      into: workspace.hidden.written, thread: thread)
    workspace.settle(workspace.hidden, thread, context)
    workspace.addProduct(workspace.hidden.read, by: second, thread, context)
  }
}
