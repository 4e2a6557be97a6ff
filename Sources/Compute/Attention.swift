// Scaled dot-product attention, and the writes into its memory.

import CKernels
import Foundation

/// Which positions a query may attend to.
package enum AttentionMask: Sendable {
  /// Every position.
  case none
  /// The query in row *r* attends to positions `0...(firstPosition + r)`.
  case causal(firstPosition: Int)
}

/// Work space of attention for one thread.
package final class AttentionScratch {
  let scores: Matrix
  let weights: Matrix
  let scales: Matrix
  /// Query rows that are worked on at once, so that their scores stay in the second-level cache.
  let rows: Int

  package init(positions: Int, precision: AttentionPrecision, context: ComputeContext) {
    rows = context.kernels.pointee.attention_rows
    let columns = PackedLinear.panels(columns: positions) * PackedLinear.panelColumns
    scores = Matrix(rows: rows, columns: columns, spaced: true)
    weights = Matrix(rows: rows, columns: columns, element: precision.values, spaced: true)
    scales = Matrix(rows: 1, columns: rows)
  }
}

extension ComputeContext {
  /// `softmax(queries · keysᵀ + bias) · values` of one head (Vaswani et al., "Attention Is All You Need", 2017, section
  /// 3.2), on the calling thread.
  ///
  /// - Parameters:
  ///   - queries: `[heads · rows of a head, 64]` in the memory's type, multiplied by ``AttentionMemory/queryScale``.
  ///   - rows: of the head's queries; a causal mask's first position belongs to the first of them.
  ///   - output: fp32 or bf16, `[rows, heads · 64]`, written from row `outputRow` on.
  package func attendRows(
    _ queries: Matrix, rows: Range<Int>, head: Int, to memory: AttentionMemory, mask: AttentionMask,
    scratch: AttentionScratch, into output: Matrix, outputRow: Int
  ) {
    let column = head * PackedLinear.panelColumns
    precondition(queries.element == memory.precision.queries && memory.count <= scratch.scores.columns)
    precondition(output.element != .uint8 && output.columns >= column + memory.headWidth)
    precondition(output.rows >= outputRow + rows.count)
    let values = memory.precision.values
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: scratch.rows) {
      let count = min(scratch.rows, rows.upperBound - first)
      let longest = visible(first + count - 1 - rows.lowerBound, mask, memory.count)
      score(queries, rows: first..<first + count, head: head, against: longest, of: memory, scratch)

      let padded = (longest + values.group - 1) / values.group * values.group
      for row in 0..<count {
        let seen = visible(first + row - rows.lowerBound, mask, memory.count)
        let line = UnsafePointer(scratch.scores.floats + row * scratch.scores.floatStride)
        let weights = scratch.weights.row(row)
        let sum =
          values == .bf16
          ? kernels.pointee.exponentials_bf16(
            line, memory.bias, seen, weights.assumingMemoryBound(to: UInt16.self))
          : kernels.pointee.exponentials_f32(
            line, memory.bias, seen, weights.assumingMemoryBound(to: Float.self))
        scratch.scales.floats[row] = 1 / sum
        (weights + seen * values.size).initializeMemory(
          as: UInt8.self, repeating: 0, count: (padded - seen) * values.size)
      }

      var weighing = swiftlet_product()
      weighing.operands = memory.precision.weighing
      weighing.a = UnsafeRawPointer(scratch.weights.base)
      weighing.a_stride = scratch.weights.rowBytes
      weighing.b = UnsafeRawPointer(memory.values(ofHead: head))
      weighing.depth = padded
      weighing.row_scale = UnsafePointer(scratch.scales.floats)
      weighing.c = output.row(outputRow + first - rows.lowerBound) + column * output.element.size
      weighing.c_stride = output.rowBytes / output.element.size
      weighing.c_rows = output.element.rows
      weighing.columns = memory.headWidth
      kernels.pointee.product(&weighing, 0, count, 0, 1)
    }
  }

  /// `softmax(queries · keysᵀ)` of one head over the first `positions` positions of the memory, each for one frame, as if
  /// there were no others: fp32, on the calling thread.
  ///
  /// - Parameters:
  ///   - queries: as in ``attendRows(_:rows:head:to:mask:scratch:into:outputRow:)``.
  ///   - output: fp32, `[≥ outputRow + rows.count, positions]`.
  package func attentionWeights(
    _ queries: Matrix, rows: Range<Int>, head: Int, to memory: AttentionMemory, positions: Int,
    scratch: AttentionScratch, into output: Matrix, outputRow: Int
  ) {
    precondition(queries.element == memory.precision.queries && output.element == .fp32)
    precondition(positions <= memory.count && memory.count <= scratch.scores.columns)
    precondition(output.rows >= outputRow + rows.count && output.columns >= positions)
    let scale = memory.isBaseTwo ? 1 / AttentionMemory.log2e : 1
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: scratch.rows) {
      let count = min(scratch.rows, rows.upperBound - first)
      score(queries, rows: first..<first + count, head: head, against: positions, of: memory, scratch)
      for row in 0..<count {
        let target = output.target(outputRow + first - rows.lowerBound + row)
        let weights = target.out.assumingMemoryBound(to: Float.self)
        kernels.pointee.convert(
          scratch.scores.floats + row * scratch.scores.floatStride, 0, scale, 1, positions, target)
        let sum = kernels.pointee.exponentials_f32(weights, nil, positions, weights)
        kernels.pointee.convert(weights, 0, 1 / sum, 1, positions, target)
      }
    }
  }

  /// `queries · keysᵀ` of one head, at most ``AttentionScratch/rows`` rows, into the first rows of `scratch.scores`.
  private func score(
    _ queries: Matrix, rows: Range<Int>, head: Int, against positions: Int, of memory: AttentionMemory,
    _ scratch: AttentionScratch
  ) {
    let panels = PackedLinear.panels(columns: positions)
    var scoring = swiftlet_product()
    let firstQuery = head * (queries.rows / memory.heads) + rows.lowerBound
    scoring.operands = memory.precision.scoring
    scoring.a = UnsafeRawPointer(queries.row(firstQuery))
    scoring.a_stride = queries.rowBytes
    if queries.element == .uint8 {
      scoring.a_scale = UnsafePointer(queries.scales + firstQuery)
      scoring.a_zero = UnsafePointer(queries.zeros + firstQuery)
      scoring.b_scale = UnsafePointer(memory.keyScales(ofHead: head))
      scoring.b_sum = UnsafePointer(memory.keySums(ofHead: head))
    }
    scoring.b = UnsafeRawPointer(memory.keys(ofHead: head))
    scoring.b_panel_stride = memory.keyPanelBytes
    scoring.depth = memory.depth
    scoring.c = scratch.scores.base
    scoring.c_stride = scratch.scores.floatStride
    scoring.columns = panels * PackedLinear.panelColumns
    kernels.pointee.product(&scoring, 0, rows.count, 0, panels)
  }

  /// Writes keys or values of one head, in the first columns of rows `0..<rows` of `source` (fp32), to positions
  /// `first..<first + rows`.
  package func storeKeys(
    _ source: Matrix, sourceRow: Int = 0, rows: Int, head: Int, at first: Int, in memory: AttentionMemory
  ) {
    precondition(first + rows <= memory.capacity)
    let from = source.floats + sourceRow * source.floatStride
    let keys = memory.keys(ofHead: head)
    switch memory.precision {
    case .fp32:
      kernels.pointee.store_keys_f32(
        from, source.floatStride, rows, memory.headWidth, first, keys.assumingMemoryBound(to: Float.self))
    case .bf16:
      kernels.pointee.store_keys_bf16(
        from, source.floatStride, rows, memory.headWidth, first, keys.assumingMemoryBound(to: UInt16.self))
    case .byteScores:
      kernels.pointee.store_keys_s8(
        from, source.floatStride, rows, memory.headWidth, first, keys.assumingMemoryBound(to: Int8.self),
        memory.keyScales(ofHead: head), memory.keySums(ofHead: head))
    }
  }

  /// See ``storeKeys(_:sourceRow:rows:head:at:in:)``.
  package func storeValues(
    _ source: Matrix, sourceRow: Int = 0, rows: Int, head: Int, at first: Int, in memory: AttentionMemory
  ) {
    precondition(first + rows <= memory.capacity)
    let from = source.floats + sourceRow * source.floatStride
    let values = memory.values(ofHead: head)
    if memory.precision.values == .bf16 {
      kernels.pointee.store_values_bf16(
        from, source.floatStride, rows, memory.headWidth, first, values.assumingMemoryBound(to: UInt16.self))
    } else {
      kernels.pointee.store_values_f32(
        from, source.floatStride, rows, memory.headWidth, first, values.assumingMemoryBound(to: Float.self))
    }
  }
}

private func visible(_ row: Int, _ mask: AttentionMask, _ count: Int) -> Int {
  switch mask {
  case .none: count
  case .causal(let firstPosition): min(count, firstPosition + row + 1)
  }
}

func logarithm(_ count: Int) -> Float { Float(log(Double(count))) }
