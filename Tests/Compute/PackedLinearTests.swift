// Packed weights: what is stored of each column, and that columns that do not exist are zero.

import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite(.slow) struct PackedLinearTests {
  static let shapes = [(1, 1), (63, 7), (64, 64), (65, 5), (130, 33), (200, 6)]

  /// Each weight is the checkpoint's, to the nearest number of the stored type.
  @Test(arguments: Precision.allCases) func columns(_ precision: Precision) {
    var generator = SeededGenerator(seed: 41)
    for (columns, depth) in Self.shapes {
      let weights = generator.floats(columns * depth)
      let linear = PackedLinear(precision, columns: columns, depth: depth, weights: weights)
      #expect(linear.columns == columns && linear.panels == (columns + 63) / 64)
      #expect(linear.depth >= depth && linear.depth < depth + precision.group)
      #expect(linear.panelBytes == linear.depth * 64 * precision.weightBytes)
      let output = Matrix.poisoned(rows: 3, columns: depth)
      var worst = Worst()
      for column in 0..<columns {
        linear.copyColumn(column, toRow: 1, of: output)
        let expected = weights[column * depth..<(column + 1) * depth]
        let largest = Double(expected.map(\.magnitude).max() ?? 0)
        for (k, exact) in expected.enumerated() {
          let exact = Double(exact)
          let limit: Double =
            switch precision {
            case .fp32: 0
            // Half a step of 11 bits, or, of subnormal halves, of 2^-24.
            case .fp16: max(exact.magnitude * 0x1p-11, 0x1p-25)
            case .bf16: exact.magnitude * 0x1p-8
            // Half a step of the largest over 127; the scale, its reciprocal and the product round.
            case .int8: largest / 127 * (0.5 + 4 * 127 * Roundoff.fp32)
            }
          worst.compare(Double(output[1, k]), exact, limit: limit, "\(columns)x\(depth) at \(column),\(k)")
        }
      }
      #expect(worst.isWithin, "\(worst)")
      #expect(output.values.prefix(depth).allSatisfy { $0.isNaN })
      #expect(output.values.suffix(depth).allSatisfy { $0.isNaN })
    }
  }

  /// A matrix of fewer columns takes the first of a padded depth.
  @Test func aColumnInPart() {
    let linear = PackedLinear(.int8, columns: 2, depth: 5, weights: [1, 2, 3, 4, 5, -5, 4, -3, 2, -1])
    #expect(linear.depth == 8)
    let whole = Matrix.poisoned(rows: 1, columns: 8)
    linear.copyColumn(1, toRow: 0, of: whole)
    #expect(whole.values.suffix(3) == [0, 0, 0])
    let part = Matrix.poisoned(rows: 1, columns: 2)
    linear.copyColumn(1, toRow: 0, of: part)
    #expect(part.values == Array(whole.values.prefix(2)))
  }

  @Test func scalesAndSumsOfBytes() throws {
    var generator = SeededGenerator(seed: 42)
    for (columns, depth) in Self.shapes {
      var weights = generator.floats(columns * depth)
      // One column of zeros, one of a single size.
      for k in 0..<depth {
        weights[k] = 0
        if columns > 1 { weights[depth + k] = k % 2 == 0 ? 0.25 : -0.25 }
      }
      let linear = PackedLinear(.int8, columns: columns, depth: depth, weights: weights)
      let scales = try #require(linear.scales)
      let sums = try #require(linear.sums)
      let bytes = linear.weights.assumingMemoryBound(to: Int8.self)
      var covered = Worst()
      for column in 0..<linear.panels * 64 {
        var sum: Int32 = 0
        var largest: Int8 = 0
        for k in 0..<linear.depth {
          let byte = bytes[column / 64 * linear.panelBytes + (k / 4 * 64 + column % 64) * 4 + k % 4]
          sum += Int32(byte)
          largest = max(largest, byte == -128 ? 127 : abs(byte))
          #expect(byte != -128, "outside the symmetric range")
          if column >= columns || k >= depth { #expect(byte == 0, "padding holds something") }
        }
        guard column < columns else { continue }
        #expect(sums[column] == sum)
        let values = weights[column * depth..<(column + 1) * depth]
        let top = values.map(\.magnitude).max() ?? 0
        if top == 0 {
          #expect(scales[column] == 1 && sum == 0)
        } else {
          // The whole range is used.
          #expect(largest == 127)
          covered.compare(
            Double(scales[column]), Double(top) / 127, limit: 1.01 * Roundoff.fp32 * Double(top) / 127,
            "column \(column)")
        }
      }
      #expect(covered.isWithin || columns == 1, "\(covered)")
    }
  }

  /// Packing some panels gives what packing all gives.
  @Test(arguments: Precision.allCases) func panelsOneByOne(_ precision: Precision) {
    var generator = SeededGenerator(seed: 43)
    let (columns, depth) = (150, 13)
    let weights = generator.floats(columns * depth)
    let whole = PackedLinear(precision, columns: columns, depth: depth, weights: weights)
    for panels in [0..<1, 1..<3, 2..<3] {
      let bytes = panels.count * whole.panelBytes
      var output = [UInt8](repeating: 0xFF, count: bytes)
      var scales = [Float](repeating: .nan, count: panels.count * 64)
      var sums = [Int32](repeating: .min, count: panels.count * 64)
      output.withUnsafeMutableBytes { output in
        weights.withUnsafeBufferPointer {
          packPanels(
            $0, columns: columns, depth: depth, panels: panels, precision: precision, into: output,
            scales: &scales, sums: &sums)
        }
      }
      let expected = UnsafeRawBufferPointer(
        start: whole.weights + panels.lowerBound * whole.panelBytes, count: bytes)
      #expect(output.elementsEqual(expected))
      guard precision == .int8 else { continue }
      for column in panels.lowerBound * 64..<min(columns, panels.upperBound * 64) {
        #expect(scales[column - panels.lowerBound * 64] == whole.scales?[column])
        #expect(sums[column - panels.lowerBound * 64] == whole.sums?[column])
      }
    }
  }

  /// What a product multiplies is what `copyColumn` shows: rows of the unit matrix give back the columns.
  @Test(arguments: [Precision.fp32, .fp16, .bf16], InstructionSet.available.indices)
  func productsReadTheSameWeights(_ precision: Precision, isa: Int) throws {
    let context = try ComputeContext(threads: 1, instructionSet: InstructionSet.available[isa])
    var generator = SeededGenerator(seed: 44)
    let (columns, depth) = (131, 9)
    let linear = PackedLinear(
      precision, columns: columns, depth: depth, weights: generator.floats(columns * depth))
    let unit = (0..<depth * depth).map { $0 / depth == $0 % depth ? Float(1) : 0 }
    let input = Matrix(rows: depth, columns: depth, element: precision.operand)
    context.write(unit.span, into: input, outputRow: 0)
    let output = Matrix.poisoned(rows: depth, columns: columns)
    context.productRows(input, rows: 0..<depth, by: linear, into: output, outputRow: 0)
    let column = Matrix(rows: 1, columns: depth)
    for index in 0..<columns {
      linear.copyColumn(index, toRow: 0, of: column)
      #expect((0..<depth).allSatisfy { output[$0, index] == column[0, $0] })
    }
  }
}
