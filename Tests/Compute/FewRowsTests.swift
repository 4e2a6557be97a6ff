// Products whose panels are split over threads, as decoder steps use them.

import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite(.slow) struct FewRowsTests {
  /// However many threads share the panels, and whether they come together or are called, it is what one thread makes of
  /// all of them, which `ProductTests` compares with double precision.
  @Test(arguments: Precision.allCases, InstructionSet.available.indices)
  func threadsDoNotChangeABit(_ precision: Precision, isa: Int) throws {
    let contexts = try [1, 2, 3].map {
      try ComputeContext(threads: $0, instructionSet: InstructionSet.available[isa])
    }
    var generator = SeededGenerator(seed: 6)
    for (rows, depth, columns) in [(5, 37, 64 * 9 + 5), (1, 100, 64), (16, 8, 64 * 40), (2, 7, 1)] {
      let linear = PackedLinear(
        precision, columns: columns, depth: depth, weights: generator.floats(columns * depth),
        bias: generator.floats(columns))
      let input = Matrix(rows: rows, columns: depth, element: precision.operand, spaced: true)
      let residual = Matrix(columns: columns, values: generator.floats(rows * columns))
      contexts[0].write(generator.floats(rows * depth).span, into: input, outputRow: 0)
      let expected = Matrix.poisoned(rows: rows, columns: columns)
      contexts[0].productRows(
        input, rows: 0..<rows, by: linear, activation: .gelu, residual: residual, into: expected, outputRow: 0
      )
      for context in contexts {
        let called = Matrix.poisoned(rows: rows + 1, columns: columns)
        context.product(input, rows: rows, by: linear, activation: .gelu, residual: residual, into: called)
        let together = Matrix.poisoned(rows: rows + 1, columns: columns)
        context.pool.together(
          TeamWork { thread in
            context.productTogether(
              input, rows: rows, by: linear, activation: .gelu, residual: residual, into: together,
              thread: thread)
          })
        for output in [called, together] {
          #expect(output.values.prefix(rows * columns) == expected.values[...])
          #expect(output.values.suffix(columns).allSatisfy { $0.isNaN }, "the row after the last was written")
        }
      }
    }
  }
}
