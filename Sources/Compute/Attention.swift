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
  package static let rows = 24

  package init(positions: Int, precision: AttentionPrecision) {
    let columns = PackedLinear.panels(columns: positions) * PackedLinear.panelColumns
    scores = Matrix(rows: Self.rows, columns: columns, spaced: true)
    weights = Matrix(rows: Self.rows, columns: columns, element: precision.values, spaced: true)
    scales = Matrix(rows: 1, columns: Self.rows)
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
    let firstQuery = head * (queries.rows / memory.heads)
    let values = memory.precision.values
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: AttentionScratch.rows) {
      let count = min(AttentionScratch.rows, rows.upperBound - first)
      let longest = visible(first + count - 1 - rows.lowerBound, mask, memory.count)
      let panels = PackedLinear.panels(columns: longest)
      var scoring = swiftlet_product()
      scoring.operands = memory.precision.scoring
      scoring.a = UnsafeRawPointer(queries.row(firstQuery + first))
      scoring.a_stride = queries.rowBytes
      scoring.b = UnsafeRawPointer(memory.keys(ofHead: head))
      scoring.b_panel_stride = memory.keyPanelBytes
      scoring.depth = memory.depth
      if queries.element == .uint8 {
        scoring.a_scale = UnsafePointer(queries.scales + firstQuery + first)
        scoring.a_zero = UnsafePointer(queries.zeros + firstQuery + first)
        scoring.b_scale = UnsafePointer(memory.keyScales(ofHead: head))
        scoring.b_sum = UnsafePointer(memory.keySums(ofHead: head))
      }
      scoring.c = scratch.scores.base
      scoring.c_stride = scratch.scores.floatStride
      scoring.columns = panels * PackedLinear.panelColumns
      kernels.pointee.product(&scoring, 0, count, 0, panels)

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
