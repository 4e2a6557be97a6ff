// One layer of the encoder, over blocks of rows.

import SwiftletCompute

/// Work space of one thread in the encoder.
final class EncoderScratch {
  /// A row of fp32 on the way to another type.
  let line: Matrix
  let normalized: Matrix
  /// One head's queries, keys or values.
  let panel: Matrix
  let attended: Activations
  let hidden: Activations
  let attention: AttentionScratch

  init(width: Int, heads: Int, positions: Int, precision: Precision, context: ComputeContext) {
    let rows = context.blockRows
    line = Matrix(rows: 1, columns: width)
    normalized = Matrix(rows: rows, columns: width, element: precision.operand, spaced: true)
    panel = Matrix(rows: rows, columns: PackedLinear.panelColumns)
    attended = Activations(
      rows: rows, columns: heads * PackedLinear.panelColumns, precision: precision)
    hidden = Activations(rows: rows, columns: 4 * width, precision: precision)
    attention = AttentionScratch(positions: positions, precision: precision.attention, context: context)
  }
}

/// What one product writes and the next one reads: the same rows where the types agree; fp32 rows and their bytes where the
/// next product takes bytes, whose scale is known only when a whole row is there.
struct Activations {
  let written: Matrix
  let read: Matrix

  init(rows: Int, columns: Int, precision: Precision) {
    read = Matrix(rows: rows, columns: columns, element: precision.operand, spaced: true)
    written =
      precision.operand == .uint8 ? Matrix(rows: rows, columns: columns, spaced: true) : read
  }

  /// Makes rows that have been written ready to be read.
  func settle(_ rows: Range<Int>, _ context: ComputeContext) {
    if written !== read { context.convertRows(written, rows: rows, into: read, outputRow: rows.lowerBound) }
  }
}

/// Self attention over all positions, then the feed-forward part, each normalised before and added to the stream.
struct EncoderLayer: Sendable {
  let attentionNorm: LayerNormalization
  let queryKeyValue: PackedLinear
  let out: PackedLinear
  let feedForwardNorm: LayerNormalization
  let first: PackedLinear
  let second: PackedLinear

  init(_ name: String, in file: EngineFile) throws {
    attentionNorm = try file.norm("\(name).self_attn_layer_norm")
    queryKeyValue = try file.linear("\(name).self_attn.qkv")
    out = try file.linear("\(name).self_attn.out_proj")
    feedForwardNorm = try file.norm("\(name).final_layer_norm")
    first = try file.linear("\(name).fc1")
    second = try file.linear("\(name).fc2")
  }

  /// Queries, keys and values of rows of the stream, each head's straight into the layout that attention reads.
  func project(
    _ stream: Matrix, rows: Range<Int>, queries: Matrix, memory: AttentionMemory, scratch: EncoderScratch,
    context: ComputeContext
  ) {
    let count = rows.count
    context.normalizeRows(
      stream, rows: rows, with: attentionNorm, scratch: scratch.line, into: scratch.normalized, outputRow: 0)
    for head in 0..<memory.heads {
      for (part, panel) in [head, memory.heads + head, 2 * memory.heads + head].enumerated() {
        context.productRows(
          scratch.normalized, rows: 0..<count, by: queryKeyValue, panels: panel..<panel + 1,
          into: scratch.panel, outputRow: 0)
        switch part {
        case 0:
          context.convertRows(
            scratch.panel, rows: 0..<count, scale: memory.queryScale, into: queries,
            outputRow: head * memory.capacity + rows.lowerBound)
        case 1: context.storeKeys(scratch.panel, rows: count, head: head, at: rows.lowerBound, in: memory)
        default: context.storeValues(scratch.panel, rows: count, head: head, at: rows.lowerBound, in: memory)
        }
      }
    }
  }

  /// Everything after the projections, for rows of the stream: once all keys and values are there, a block needs no other.
  func finish(
    _ stream: Matrix, rows: Range<Int>, queries: Matrix, memory: AttentionMemory, scratch: EncoderScratch,
    precision: Precision, context: ComputeContext
  ) {
    let count = rows.count
    for head in 0..<memory.heads {
      context.attendRows(
        queries, rows: rows, head: head, to: memory, mask: .none, scratch: scratch.attention,
        into: scratch.attended.written, outputRow: 0)
    }
    scratch.attended.settle(0..<count, context)
    context.productRows(
      scratch.attended.read, rows: 0..<count, by: out, residual: stream, residualRow: rows.lowerBound,
      into: stream, outputRow: rows.lowerBound)
    context.normalizeRows(
      stream, rows: rows, with: feedForwardNorm, scratch: scratch.line, into: scratch.normalized, outputRow: 0
    )
    context.productRows(
      scratch.normalized, rows: 0..<count, by: first, activation: precision.gelu,
      into: scratch.hidden.written, outputRow: 0)
    scratch.hidden.settle(0..<count, context)
    context.productRows(
      scratch.hidden.read, rows: 0..<count, by: second, residual: stream, residualRow: rows.lowerBound,
      into: stream, outputRow: rows.lowerBound)
  }
}
