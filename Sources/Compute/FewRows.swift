// Products of few rows, whose panels are split over the threads: each panel is read once.

extension ComputeContext {
  /// `output = activation(input · weightsᵀ + bias) + residual` for the first `rows` rows of `input`.
  package func product(
    _ input: Matrix, rows: Int, by linear: PackedLinear, activation: Activation = .none,
    residual: Matrix? = nil, into output: Matrix
  ) {
    let step = panelStep(linear)
    pool.forEach((linear.panels + step - 1) / step) { _, index in
      productPart(
        index * step, step, input, rows: rows, by: linear, activation: activation, residual: residual,
        into: output)
    }
  }

  /// The same, called by all threads of the pool's team together.
  package func productTogether(
    _ input: Matrix, rows: Int, by linear: PackedLinear, activation: Activation = .none,
    residual: Matrix? = nil, into output: Matrix, thread: Int
  ) {
    let step = panelStep(linear)
    pool.team.forEach((linear.panels + step - 1) / step, thread: thread) { index in
      productPart(
        index * step, step, input, rows: rows, by: linear, activation: activation, residual: residual,
        into: output)
    }
  }

  /// Four parts for each thread, so that one that is held up leaves its share to the others.
  private func panelStep(_ linear: PackedLinear) -> Int {
    max(1, (linear.panels + 4 * pool.threads - 1) / (4 * pool.threads))
  }

  private func productPart(
    _ first: Int, _ count: Int, _ input: Matrix, rows: Int, by linear: PackedLinear, activation: Activation,
    residual: Matrix?, into output: Matrix
  ) {
    let panels = first..<min(linear.panels, first + count)
    productRows(
      input, rows: 0..<rows, by: linear, panels: panels, activation: activation, residual: residual,
      into: output, outputRow: 0, outputColumn: first * PackedLinear.panelColumns)
  }
}
