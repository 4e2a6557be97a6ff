// Layer normalization into every type of row.

import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite struct LayerNormalizationTests {
  @Test(.slow, arguments: InstructionSet.available.indices, [Element.fp32, .bf16, .uint8])
  func rows(_ isa: Int, _ element: Element) throws {
    let context = try ComputeContext(threads: 1, instructionSet: InstructionSet.available[isa])
    var generator = SeededGenerator(seed: 31)
    for width in [1, 3, 15, 16, 31, 64, 72, 384, 1_280] {
      let rows = 9
      let gamma = generator.floats(width)
      let beta = generator.floats(width)
      let norm = LayerNormalization(gamma: gamma, beta: beta)
      // Far from zero, where a variance in one pass would lose its digits; a row without variance; a very small one.
      var input = generator.floats(rows * width).map { $0 + 100 }
      for column in 0..<width {
        input[column] = 42
        input[width + column] = (input[width + column] - 100) * 1e-4
      }
      let output = Matrix.poisoned(rows: rows, columns: width, element: element, spaced: true)
      let scratch = Matrix.poisoned(rows: 1, columns: width)
      context.normalizeRows(
        Matrix(columns: width, values: input), rows: 0..<rows - 2, with: norm, scratch: scratch, into: output,
        outputRow: 1)
      var worst = Worst()
      for row in 0..<rows - 2 {
        let line = input[row * width..<(row + 1) * width].map(Double.init)
        let expected = Oracle.normalized(line, gamma: gamma, beta: beta)
        let largest = line.map(\.magnitude).max() ?? 0
        for column in 0..<width {
          // The mean is a sum of `width` values over lanes, off by at most width/4 + 2 units in the worst case, and
          // what is taken from it by as much; this the scale multiplies. The variance of the differences is off by as
          // much relative, half of that arrives in its root. Then a few roundings of the result.
          let units = Double(width) / 4 + 8
          let normalized = ((expected.values[column] - Double(beta[column])) / Double(gamma[column]))
            .magnitude
          var limit = Roundoff.fp32 * units * largest * expected.scale * Double(gamma[column].magnitude)
          limit += Roundoff.fp32 * (units * normalized * Double(gamma[column].magnitude) + 4)
          // The mean's error is in the variance too, squared: 0 is then not quite 0.
          let meanError = Roundoff.fp32 * units * largest * expected.scale
          limit += normalized * meanError * meanError
          let value: Double
          switch element {
          case .fp32: value = Double(output.values[(row + 1) * width + column])
          case .bf16:
            value = Double(output.values[(row + 1) * width + column])
            limit += Roundoff.bf16 * (expected.values[column].magnitude + limit)
          case .uint8:
            let scale = Double(output.scales[row + 1])
            value = scale * Double(Int32(output.bytes(row: row + 1)[column]) - output.zeros[row + 1])
            limit += scale * (0.5 + 4 * 255 * Roundoff.fp32)
          }
          worst.compare(value, expected.values[column], limit: limit, "width \(width) at \(row),\(column)")
        }
      }
      #expect(worst.isWithin, "\(worst)")
      if element == .uint8 {
        #expect(output.scales[0].isNaN && output.scales[rows - 1].isNaN)
      } else {
        let values = output.values
        #expect(values.prefix(width).allSatisfy { $0.isNaN } && values.suffix(width).allSatisfy { $0.isNaN })
      }
    }
  }

  /// What is written as bf16 or bytes is what is written as fp32, rounded.
  @Test(arguments: InstructionSet.available.indices) func typesAgree(_ isa: Int) throws {
    let context = try ComputeContext(threads: 1, instructionSet: InstructionSet.available[isa])
    var generator = SeededGenerator(seed: 32)
    for width in [5, 72, 384] {
      let input = Matrix(columns: width, values: generator.floats(width))
      let norm = LayerNormalization(gamma: generator.floats(width), beta: generator.floats(width))
      let scratch = Matrix(rows: 1, columns: width)
      let plain = Matrix(rows: 1, columns: width)
      context.normalizeRows(input, rows: 0..<1, with: norm, scratch: scratch, into: plain, outputRow: 0)
      for element in [Element.bf16, .uint8] {
        let fused = Matrix.poisoned(rows: 1, columns: width, element: element)
        context.normalizeRows(input, rows: 0..<1, with: norm, scratch: scratch, into: fused, outputRow: 0)
        let converted = Matrix.poisoned(rows: 1, columns: width, element: element)
        context.convertRows(plain, rows: 0..<1, into: converted, outputRow: 0)
        #expect(fused.values == converted.values)
      }
    }
  }
}
