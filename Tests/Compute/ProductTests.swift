// The product of every precision against double precision: all shapes, all epilogues.

import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite(.slow) struct ProductTests {
  static let rows = Array(1...17) + [31, 32, 33, 47, 48, 49, 50, 97]
  static let columns = [1, 63, 64, 65, 127, 129, 200]
  /// From 769 terms on fp32 panels of more rows than a tile are gone through in pieces, from 1537 on those of fp16 and bf16.
  static let depths = [1, 7, 33, 64, 100, 1_500, 1_601, 3_100]

  /// What is done with a sum before it is stored.
  private struct Epilogue: CustomStringConvertible {
    var hasBias: Bool
    var activation: Activation
    var residual: Residual
    var element: Element
    enum Residual { case none, other, inPlace }

    static let all: [Epilogue] = [false, true].flatMap { hasBias in
      [Activation.none, .gelu, .coarseGelu].flatMap { activation in
        [Residual.none, .other, .inPlace].flatMap { residual in
          [Element.fp32, .bf16].compactMap { element in
            // A residual is fp32, and so is what it is added to in place.
            residual == .inPlace && element == .bf16
              ? nil : Epilogue(hasBias: hasBias, activation: activation, residual: residual, element: element)
          }
        }
      }
    }
    var description: String {
      "\(hasBias ? "bias" : "no bias"), \(activation), residual \(residual), \(element)"
    }
  }

  @Test(arguments: Precision.allCases, depths)
  func everyShapeAndEpilogue(_ precision: Precision, depth: Int) throws {
    var generator = SeededGenerator(seed: UInt64(depth))
    // Deep products are slow here; their shapes are those around a tile and around a chunk.
    let isDeep = depth > 1_500
    let rowCounts = isDeep ? [1, 4, 5, 6, 7, 13, 17, 24, 32, 47, 48, 49, 97] : Self.rows
    let columnCounts = isDeep ? [63, 65] : Self.columns
    let largest = (rows: rowCounts.max() ?? 0, columns: columnCounts.max() ?? 0)
    let product = try ProductCase(
      precision, rows: largest.rows, columns: largest.columns, depth: depth, using: &generator,
      spaced: depth % 2 == 0)
    let bias = generator.floats(largest.columns)
    let residual = Matrix(
      columns: largest.columns + 1, values: generator.floats((largest.rows + 2) * (largest.columns + 1)))
    for isa in InstructionSet.available {
      let context = try ComputeContext(threads: 1, instructionSet: isa)
      var worst = Worst()
      var turn = 0
      for columns in columnCounts {
        let plain = product.linear(columns: columns)
        let biased = product.linear(columns: columns, bias: Array(bias.prefix(columns)))
        for rows in rowCounts {
          for _ in 0..<(isDeep ? 3 : 2) {
            let epilogue = Epilogue.all[turn % Epilogue.all.count]
            turn += 1
            check(
              product, epilogue.hasBias ? biased : plain, bias, rows: rows, epilogue, residual, context,
              &worst)
          }
        }
      }
      #expect(worst.isWithin, "\(isa): \(worst)")
    }
  }

  /// Computes one product into the middle of a poisoned matrix and compares everything in it.
  private func check(
    _ product: ProductCase, _ linear: PackedLinear, _ bias: [Float], rows: Int, _ epilogue: Epilogue,
    _ residual: Matrix, _ context: ComputeContext, _ worst: inout Worst
  ) {
    let columns = linear.columns
    // A row before and after, a column after; two before, where the residual is not in the same place.
    let outputColumn = epilogue.residual == .inPlace ? 0 : 2
    let output = Matrix.poisoned(
      rows: rows + 2, columns: columns + 3, element: epilogue.element, spaced: rows % 2 == 0)
    if epilogue.residual == .inPlace {
      for row in 0..<rows {
        for column in 0..<columns { output[row + 1, column] = residual[row + 1, column] }
      }
    }
    context.productRows(
      product.input, rows: 0..<rows, by: linear, activation: epilogue.activation,
      residual: epilogue.residual == .none ? nil : epilogue.residual == .other ? residual : output,
      residualRow: 1, into: output, outputRow: 1, outputColumn: outputColumn)
    let values = output.values
    for row in 0..<rows + 2 {
      for column in 0..<columns + 3 {
        let value = Double(values[row * (columns + 3) + column])
        let (r, c) = (row - 1, column - outputColumn)
        guard (0..<rows).contains(r), (0..<columns).contains(c) else {
          worst.compare(value.isNaN ? 0 : 1, 0, limit: 0.5, "\(place(row, column)) was written")
          continue
        }
        let at = r * product.columns + c
        let added = epilogue.hasBias ? Double(bias[c]) : 0
        let sum = product.sums[at] + added
        var expected = Oracle.activate(epilogue.activation, sum)
        // Adding the bias rounds once; GELU passes the error on by its slope and adds its own.
        var limit = product.limit(row: r, column: c) + Roundoff.fp32 * sum.magnitude * 1.01
        if epilogue.activation != .none {
          limit = limit * Oracle.geluSlope + Oracle.activationError(epilogue.activation, sum)
        }
        if epilogue.residual != .none {
          expected += Double(residual[row, c])
          limit += Roundoff.fp32 * (expected.magnitude + limit)
        }
        if epilogue.element == .bf16 { limit += Roundoff.bf16 * (expected.magnitude + limit) }
        worst.compare(
          value, expected, limit: limit,
          "\(rows)x\(product.depth)x\(columns), \(epilogue), at \(r),\(c)")
      }
    }
  }

  private func place(_ row: Int, _ column: Int) -> String { "row \(row), column \(column) around the result" }

  /// A row's sums are the same, bit for bit, alone or among others, in whichever part of the tiles it falls: batched
  /// decoding and blocks of rows rely on it.
  @Test(arguments: Precision.allCases, InstructionSet.available.indices)
  func rowsDoNotDependOnTheirCompany(_ precision: Precision, isa: Int) throws {
    let context = try ComputeContext(threads: 1, instructionSet: InstructionSet.available[isa])
    var generator = SeededGenerator(seed: 5)
    for (depth, isPlain) in [(36, false), (128, false), (128, true), (1_700, false), (1_700, true)] {
      let rows = 61
      let product = try ProductCase(precision, rows: rows, columns: 70, depth: depth, using: &generator)
      let linear = isPlain ? product.linear() : product.linear(bias: generator.floats(70))
      func run(_ cuts: [Int]) -> [Float] {
        let output = Matrix.poisoned(rows: rows, columns: 70)
        for (first, last) in zip([0] + cuts, cuts + [rows]) {
          context.productRows(
            product.input, rows: first..<last, by: linear, activation: isPlain ? .none : precision.gelu,
            into: output, outputRow: first)
        }
        return output.values
      }
      let whole = run([])
      #expect(run(Array(1..<rows)) == whole)
      #expect(run([1, 3, 6, 10, 15, 21, 28, 36, 45, 55]) == whole)
      for cuts in [[48], [16, 33], [15, 32], [17, 47], [31, 33, 35]] { #expect(run(cuts) == whole) }
    }
  }

  /// Panels asked for a few at a time, wherever they are written, are the same bit for bit.
  @Test(arguments: Precision.allCases, InstructionSet.available.indices)
  func panels(_ precision: Precision, isa: Int) throws {
    var generator = SeededGenerator(seed: 6)
    let columns = 64 * 9 + 5
    let product = try ProductCase(precision, rows: 5, columns: columns, depth: 37, using: &generator)
    let linear = product.linear(bias: generator.floats(columns))
    let residual = Matrix(columns: columns, values: generator.floats(5 * columns))
    let context = try ComputeContext(threads: 1, instructionSet: InstructionSet.available[isa])
    let expected = Matrix.poisoned(rows: 5, columns: columns)
    context.productRows(
      product.input, rows: 0..<5, by: linear, activation: .gelu, residual: residual, into: expected,
      outputRow: 0)
    for panels in [0..<1, 1..<3, 3..<4, 8..<10, 9..<10] {
      let first = panels.lowerBound * 64
      let count = min(columns, panels.upperBound * 64) - first
      let output = Matrix.poisoned(rows: 5, columns: count + 8)
      context.productRows(
        product.input, rows: 0..<5, by: linear, panels: panels, activation: .gelu, residual: residual,
        into: output, outputRow: 0, outputColumn: 3)
      for row in 0..<5 {
        for column in 0..<count + 8 {
          if (3..<count + 3).contains(column) {
            #expect(output[row, column] == expected[row, first + column - 3])
          } else {
            #expect(output[row, column].isNaN)
          }
        }
      }
    }
  }

  /// Rows that overlap, as a convolution's do, begun and written somewhere in the middle.
  @Test(arguments: [Precision.fp32, .fp16, .bf16], InstructionSet.available.indices)
  func overlappingRows(_ precision: Precision, isa: Int) throws {
    let context = try ComputeContext(threads: 2, instructionSet: InstructionSet.available[isa])
    var generator = SeededGenerator(seed: 7)
    // 15 values of 3 rows of 5; 10 apart is a stride of two rows. And an even depth with odd steps.
    for (width, step, depth) in [(5, 10, 15), (5, 5, 15), (7, 7, 14), (80, 80, 240)] {
      let total = 24 * width
      let values = generator.floats(total)
      let rows = (total - depth) / step + 1
      let product = try ProductCase(
        precision, rows: rows, columns: 70, depth: depth,
        values: (0..<rows).flatMap { values[$0 * step..<$0 * step + depth] },
        weights: generator.floats(70 * depth))
      let input = Matrix(rows: 24, columns: width, element: precision.operand)
      context.write(values.span, into: input, outputRow: 0)
      let output = Matrix.poisoned(rows: rows, columns: 70)
      context.productRows(
        input, inputStep: step, rows: 1..<rows - 1, by: product.linear(), into: output, outputRow: 2)
      var worst = Worst()
      for row in 1..<rows - 1 {
        for column in 0..<70 {
          worst.compare(
            Double(output[row + 1, column]), product.sums[row * 70 + column],
            limit: product.limit(row: row, column: column), "\(step), \(depth) at \(row),\(column)")
        }
      }
      #expect(worst.isWithin, "\(worst)")
      #expect(output.values.prefix(2 * 70).allSatisfy { $0.isNaN })
    }
  }
}
