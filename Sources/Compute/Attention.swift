// Scaled dot-product attention.

import CKernels

/// Which positions a query may attend to.
package enum AttentionMask: Sendable {
  /// Every position.
  case none
  /// The query in row *r* attends to positions `0...(firstPosition + r)`.
  case causal(firstPosition: Int)
}

extension ComputeContext {
  /// `softmax(queries · keysᵀ) · values` for each head (Vaswani et al., "Attention Is All You Need", 2017, section
  /// 3.2), by blocks of query rows whose scores stay in the second-level cache.
  ///
  /// - Parameters:
  ///   - queries: `[rows, heads · headWidth]`, already multiplied by 1/√headWidth.
  ///   - output: the heads side by side, `[rows, heads · headWidth]`.
  package func attend(
    _ queries: Matrix, rows: Int, to store: KeyValueStore, mask: AttentionMask, into output: Matrix
  ) {
    let width = store.heads * store.headWidth
    precondition(queries.columns == width && output.columns == width && output.rows >= rows)
    let kernels = kernels
    let block = min(rows, 4 * kernels.tile_rows)
    let blocks = block == 0 ? 0 : (rows + block - 1) / block
    let scoreStride = KeyValueStore.roundUp(store.count)
    pool.forEach(store.heads * blocks) { index in
      let (head, blockIndex) = index.quotientAndRemainder(dividingBy: blocks)
      let first = blockIndex * block
      let count = min(block, rows - first)
      let scores = AlignedBuffer(count: count * scoreStride)
      var scoring = swiftlet_product_f32(
        a: UnsafePointer(queries.floats + first * width + head * store.headWidth), a_stride: width,
        b: store.keys(ofHead: head), b_panel_stride: store.keyPanelStride, depth: store.headWidth, bias: nil,
        residual: nil, residual_stride: 0, c: scores.floats, c_stride: scoreStride, columns: store.count,
        activation: swiftlet_activation_none)
      kernels.product_f32(&scoring, 0, count, 0, scoreStride / PackedMatrix.panelColumns)
      for row in 0..<count {
        let visible = visiblePositions(row: first + row, mask: mask, count: store.count)
        let line = scores.floats + row * scoreStride
        kernels.softmax_f32(line, visible)
        (line + visible).update(repeating: 0, count: store.count - visible)
      }
      var weighing = swiftlet_product_f32(
        a: UnsafePointer(scores.floats), a_stride: scoreStride, b: store.values(ofHead: head),
        b_panel_stride: store.valuePanelStride, depth: store.count, bias: nil, residual: nil,
        residual_stride: 0,
        c: output.floats + first * width + head * store.headWidth, c_stride: width, columns: store.headWidth,
        activation: swiftlet_activation_none)
      kernels.product_f32(
        &weighing, 0, count, 0, KeyValueStore.roundUp(store.headWidth) / PackedMatrix.panelColumns)
    }
  }
}

private func visiblePositions(row: Int, mask: AttentionMask, count: Int) -> Int {
  switch mask {
  case .none: count
  case .causal(let firstPosition): min(count, firstPosition + row + 1)
  }
}
