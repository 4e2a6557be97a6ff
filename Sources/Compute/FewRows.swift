// Products of few rows, whose panels are split over the threads: each panel is read once.

extension ComputeContext {
  /// `output = activation(input · weightsᵀ + bias) + residual` for the first `rows` rows of `input`.
  package func product(
    _ input: Matrix, rows: Int, by linear: PackedLinear, activation: Activation = .none,
    residual: Matrix? = nil, into output: Matrix
  ) {
    pool.together(
      TeamWork { [self] thread in
        productTogether(
          input, rows: rows, by: linear, activation: activation, residual: residual, into: output,
          thread: thread)
      })
  }

  /// The same, called by all threads of the pool's team together.
  package func productTogether(
    _ input: Matrix, rows: Int, by linear: PackedLinear, activation: Activation = .none,
    residual: Matrix? = nil, into output: Matrix, thread: Int
  ) {
    // Four parts for each thread, so that one that is held up leaves its share to the others.
    let step = max(1, (linear.panels + 4 * pool.threads - 1) / (4 * pool.threads))
    pool.team.forEach((linear.panels + step - 1) / step, thread: thread) { index in
      let panels = index * step..<min(linear.panels, (index + 1) * step)
      productRows(
        input, rows: 0..<rows, by: linear, panels: panels, activation: activation, residual: residual,
        into: output, outputRow: 0, outputColumn: panels.lowerBound * PackedLinear.panelColumns)
    }
  }
}
