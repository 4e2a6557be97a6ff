// Products of bytes: exact sums, the same on every instruction set.

import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite(.slow) struct ByteProductTests {
  /// The sums are whole numbers, and what is done with them is the same in every kernel: not a bit may differ.
  @Test func instructionSetsAgreeBitForBit() throws {
    var generator = SeededGenerator(seed: 11)
    for depth in [1, 2, 3, 4, 5, 64, 1_500] {
      let product = try ProductCase(.int8, rows: 51, columns: 130, depth: depth, using: &generator)
      let linear = product.linear(bias: generator.floats(130))
      let residual = Matrix(columns: 130, values: generator.floats(51 * 130))
      var first: [Float]?
      for isa in InstructionSet.available {
        let context = try ComputeContext(threads: 1, instructionSet: isa)
        let output = Matrix.poisoned(rows: 51, columns: 130)
        context.productRows(
          product.input, rows: 0..<51, by: linear, residual: residual, into: output, outputRow: 0)
        let plain = Matrix.poisoned(rows: 51, columns: 130)
        context.productRows(product.input, rows: 0..<51, by: product.linear(), into: plain, outputRow: 0)
        let both = output.values + plain.values
        #expect(both == first ?? both, "\(isa), depth \(depth)")
        first = first ?? both
      }
    }
  }

  /// The largest bytes there are, in both signs: where 16-bit sums would overflow or saturate.
  @Test(arguments: InstructionSet.available.indices) func extremes(_ isa: Int) throws {
    let context = try ComputeContext(threads: 1, instructionSet: InstructionSet.available[isa])
    let depth = 4_000
    // Rows: all at the top; all at the bottom; half and half in quarters, in pairs, and in halves.
    let kinds: [(Int) -> Float] = [
      { _ in 255 }, { _ in -255 }, { $0 % 2 == 0 ? 127 : -128 }, { $0 % 4 < 2 ? 127 : -128 },
      { $0 < depth / 2 ? 127 : -128 }, { $0 == depth - 1 ? 255 : 0 }, { _ in 0 },
    ]
    // As many rows as fill blocks of tiles, and some more.
    let patterns = (0..<7).flatMap { _ in kinds }
    let weights: [(Int) -> Float] = [
      { _ in 127 }, { _ in -127 }, { $0 % 2 == 0 ? 127 : -127 }, { $0 % 4 < 2 ? -127 : 127 }, { _ in 0 },
      { $0 == depth - 1 ? -127 : 0 },
    ]
    let product = try ProductCase(
      .int8, rows: patterns.count, columns: weights.count, depth: depth,
      values: patterns.flatMap { (0..<depth).map($0) }, weights: weights.flatMap { (0..<depth).map($0) })
    let output = Matrix.poisoned(rows: patterns.count, columns: weights.count)
    context.productRows(
      product.input, rows: 0..<patterns.count, by: product.linear(), into: output, outputRow: 0)
    // Few rows are computed in another way than many.
    let few = Matrix.poisoned(rows: kinds.count, columns: weights.count)
    context.productRows(product.input, rows: 0..<kinds.count, by: product.linear(), into: few, outputRow: 0)
    #expect(few.values == Array(output.values.prefix(few.values.count)))
    var worst = Worst()
    for row in patterns.indices {
      for column in weights.indices {
        let exact = (0..<depth).reduce(0.0) { $0 + Double(patterns[row]($1)) * Double(weights[column]($1)) }
        // These rows and columns are stored exactly, up to the rounding of a scale of 1.
        worst.compare(
          Double(output[row, column]), exact, limit: 4 * Roundoff.fp32 * exact.magnitude + 1e-30,
          "pattern \(row) by \(column)")
      }
    }
    #expect(worst.isWithin, "\(worst)")
  }
}
