// Convolutions over short sequences, rectified and complex rows, and the LSTM cell, against double precision.

import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite struct ConvolutionTests {
  private let context: ComputeContext
  init() throws { context = try ComputeContext(threads: 1) }

  @Test(arguments: [(1, 1, 1, 2), (3, 4, 1, 5), (3, 4, 2, 5), (2, 5, 2, 3), (4, 2, 2, 64)], [false, true])
  func threeTapsLieSideBySide(_ shape: (Int, Int, Int, Int), rectified: Bool) {
    let (sequences, length, stride, channels) = shape
    var generator = SeededGenerator(seed: 1)
    let input = Matrix(columns: channels, values: generator.floats(sequences * length * channels))
    let positions = (length + stride - 1) / stride
    let output = Matrix.poisoned(rows: sequences * positions, columns: 3 * channels)
    context.layOutConvolution(
      over: input, sequences: sequences, length: length, stride: stride, rectified: rectified, into: output)
    for sequence in 0..<sequences {
      for position in 0..<positions {
        for tap in 0..<3 {
          for channel in 0..<channels {
            let at = position * stride + tap - 1
            let value = (0..<length).contains(at) ? input[sequence * length + at, channel] : 0
            #expect(
              output[sequence * positions + position, tap * channels + channel]
                == (rectified ? max(0, value) : value))
          }
        }
      }
    }
  }

  @Test func rectifiedAndAbsoluteRows() {
    var generator = SeededGenerator(seed: 2)
    let input = Matrix(columns: 14, values: generator.floats(3 * 14))
    let rectified = Matrix.poisoned(rows: 3, columns: 14)
    context.rectifyRows(input, rows: 2, into: rectified)
    #expect(Array(rectified.values.prefix(28)) == input.values.prefix(28).map { max(0, $0) })
    let absolute = Matrix.poisoned(rows: 3, columns: 7)
    context.absoluteRows(input, rows: 2, into: absolute)
    for row in 0..<2 {
      for k in 0..<7 {
        let expected = hypot(Double(input[row, k]), Double(input[row, 7 + k]))
        #expect(abs(Double(absolute[row, k]) - expected) <= 1e-6 * expected)
      }
    }
    for untouched in [rectified.values.suffix(14), absolute.values.suffix(7)] {
      #expect(untouched.allSatisfy { $0.isNaN }, "the row after the last was written")
    }
  }

  @Test func cellStepsAsItsEquationsSay() {
    let width = 13
    var generator = SeededGenerator(seed: 3)
    let gates = Matrix(columns: 4 * width, values: generator.floats(4 * width).map { 8 * $0 })
    let cell = Matrix(columns: width, values: generator.floats(width))
    let before = cell.values.map(Double.init)
    let hidden = Matrix.poisoned(rows: 2, columns: width)
    context.stepCell(gates: gates, cell: cell, hidden: hidden, row: 1)
    func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    for k in 0..<width {
      let gate = (0..<4).map { Double(gates[0, $0 * width + k]) }
      let state = logistic(gate[1]) * before[k] + logistic(gate[0]) * tanh(gate[2])
      #expect(abs(Double(cell[0, k]) - state) < 1e-6)
      #expect(abs(Double(hidden[1, k]) - logistic(gate[3]) * tanh(state)) < 1e-6)
      #expect(hidden[0, k].isNaN)
    }
    // Far out, the functions reach their limits and nothing else.
    let far = Matrix(columns: 4, values: [1e4, -1e4, -1e4, 1e4])
    let kept = Matrix(columns: 1, values: [3])
    let reached = Matrix.poisoned(rows: 1, columns: 1)
    context.stepCell(gates: far, cell: kept, hidden: reached, row: 0)
    #expect(kept[0, 0] == -1)
    #expect(abs(Double(reached[0, 0]) - tanh(-1)) < 1e-6)
  }
}
