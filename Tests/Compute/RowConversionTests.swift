// Rows in other types: bf16, bytes, and halves in packed weights.

import CKernels
import SwiftletBasics
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite struct RowConversionTests {
  static let sets = InstructionSet.available.indices
  static let widths = [1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 65, 72, 384, 1_280]

  private func context(_ index: Int) throws -> ComputeContext {
    try ComputeContext(threads: 1, instructionSet: InstructionSet.available[index])
  }

  /// Every number that is a bf16, its neighbours half a step away (the ties), and the fp32 numbers next to those.
  @Test(arguments: sets) func everyBF16(_ isa: Int) throws {
    let context = try context(isa)
    let finite = (UInt32(0)...0xFFFF).filter { $0 & 0x7F80 != 0x7F80 }
    for offset in [UInt32(0), 0x7FFF, 0x8000, 0x8001, 0xFFFF] {
      let values = finite.map { Float(bitPattern: $0 << 16 + offset) }
      let output = Matrix.poisoned(rows: 1, columns: values.count, element: .bf16)
      context.convertRows(
        Matrix(columns: values.count, values: values), rows: 0..<1, into: output, outputRow: 0)
      var wrong: [Float] = []
      for (value, half) in zip(values, output.halves(row: 0)) {
        let low = UInt16(value.bitPattern >> 16)
        let rest = value.bitPattern & 0xFFFF
        let expected = rest > 0x8000 || (rest == 0x8000 && low % 2 == 1) ? low + 1 : low
        // The instruction takes numbers below the smallest normal one for zero.
        let isFlushed = value.isSubnormal && half & 0x7FFF == 0 && half & 0x8000 == low & 0x8000
        if half != expected && !isFlushed { wrong.append(value) }
        if floatToBFloat16(value) != expected { wrong.append(value) }
      }
      #expect(wrong.isEmpty, "\(offset): \(wrong.count) wrong, \(wrong.prefix(3))")
    }
  }

  /// Every half as a weight, widened by the kernel itself: products by one.
  @Test(arguments: sets) func halvesAreWidenedExactlyInProducts(_ isa: Int) throws {
    let context = try context(isa)
    let patterns = (UInt16(0)...0xFFFF).filter { $0 & 0x7C00 != 0x7C00 }
    let values = patterns.map { Float(Float16(bitPattern: $0)) }
    let linear = PackedLinear(.fp16, columns: values.count, depth: 1, weights: values)
    let output = Matrix.poisoned(rows: 1, columns: values.count)
    context.productRows(
      Matrix(columns: 1, values: [1]), rows: 0..<1, by: linear, into: output, outputRow: 0)
    #expect(output.values == values)
  }

  @Test(arguments: sets) func conversionToFP32AndBF16(_ isa: Int) throws {
    let context = try context(isa)
    var generator = SeededGenerator(seed: 21)
    for width in Self.widths {
      let input = Matrix(columns: width, values: generator.floats(4 * width))
      for element in [Element.fp32, .bf16] {
        for scale in [Float(1), 0.180_336_88] {
          let output = Matrix.poisoned(rows: 4, columns: width + 5, element: element, spaced: width % 2 == 0)
          context.convertRows(input, rows: 1..<3, scale: scale, into: output, outputRow: 2, outputColumn: 3)
          let values = output.values
          var worst = Worst()
          for row in 0..<4 {
            for column in 0..<width + 5 {
              let value = values[row * (width + 5) + column]
              guard row >= 2, (3..<width + 3).contains(column) else {
                #expect(value.isNaN)
                continue
              }
              let expected = Double(input[row - 1, column - 3]) * Double(scale)
              worst.compare(
                Double(value), expected,
                limit: expected.magnitude * (Roundoff.fp32 + (element == .bf16 ? 1.01 * Roundoff.bf16 : 0)),
                "\(width) at \(row),\(column)")
            }
          }
          #expect(worst.isWithin, "\(worst)")
        }
      }
    }
  }

  /// Rows of bytes: each value within half a step, zero exactly.
  @Test(arguments: sets) func bytes(_ isa: Int) throws {
    let context = try context(isa)
    var generator = SeededGenerator(seed: 22)
    for width in Self.widths {
      let random = generator.floats(width)
      let lines: [(name: String, values: [Float])] = [
        ("both signs", random),
        ("positive, far from zero", random.map { 100 + $0 }),
        ("negative, far from zero", random.map { $0 - 100 }),
        ("mostly zero", random.map { $0 > 0.8 ? $0 : 0 }),
        ("after GELU", random.map { Float(Oracle.gelu(Double($0) * 3)) }),
        ("one large", random.enumerated().map { $0 == width / 2 ? 1e6 : $1 }),
        ("constant", [Float](repeating: 0.3, count: width)),
        ("constant and negative", [Float](repeating: -7e-5, count: width)),
        ("small", random.map { $0 * 1e-30 }),
        ("large", random.map { $0 * 1e30 }),
        ("zero", [Float](repeating: 0, count: width)),
        ("zero of both signs", (0..<width).map { $0 % 2 == 0 ? -0.0 : 0 }),
      ]
      for scale in [Float(1), 0.125] {
        let output = Matrix.poisoned(rows: lines.count + 2, columns: width, element: .uint8, spaced: true)
        context.convertRows(
          Matrix(columns: width, values: lines.flatMap(\.values)), rows: 0..<lines.count, scale: scale,
          into: output, outputRow: 1)
        var worst = Worst()
        for (index, line) in lines.enumerated() {
          checkBytes(output, row: index + 1, line.values.map { Double($0 * scale) }, name: line.name, &worst)
        }
        #expect(worst.isWithin, "width \(width): \(worst)")
        #expect(output.scales[0].isNaN && output.scales[lines.count + 1].isNaN)
        #expect(output.bytes(row: 0).allSatisfy { $0 == 255 })
        #expect(output.bytes(row: lines.count + 1).allSatisfy { $0 == 255 })
      }
    }
  }

  /// Rows so small that a step has no reciprocal.
  @Test(arguments: sets) func bytesOfTheSmallestNumbers(_ isa: Int) throws {
    let context = try context(isa)
    let values: [Float] = [1e-37, 0, -1e-38, 0x1p-140, 0x1p-128, 0, 1e-37, -2e-37]
    let output = Matrix.poisoned(rows: 2, columns: 4, element: .uint8)
    context.convertRows(Matrix(columns: 4, values: values), rows: 0..<2, into: output, outputRow: 0)
    for row in 0..<2 {
      #expect(output.scales[row] > 0 && output.scales[row].isFinite)
      #expect((0...255).contains(output.zeros[row]))
      for column in 0..<4 {
        let stored = output.scales[row] * Float(Int32(output.bytes(row: row)[column]) &- output.zeros[row])
        // They are nothing beside any bias.
        #expect((stored - values[4 * row + column]).magnitude < 1e-30)
      }
    }
  }

  /// Damaged weights make such rows. Nothing sensible comes of them, but no conversion to an integer is undefined.
  @Test(arguments: sets) func bytesOfWhatIsNoNumber(_ isa: Int) throws {
    let context = try context(isa)
    let values: [Float] = [
      .infinity, 1, -1, 0, -.infinity, 1, -1, 0, -.infinity, .infinity, 1, 0, .nan, .nan, .nan, .nan, 1e38,
      -3e38, 3e38, 0,
    ]
    let rows = values.count / 4
    let output = Matrix.poisoned(rows: rows, columns: 4, element: .uint8)
    context.convertRows(Matrix(columns: 4, values: values), rows: 0..<rows, into: output, outputRow: 0)
    for row in 0..<rows { #expect((0...255).contains(output.zeros[row]), "row \(row)") }
  }

  private func checkBytes(
    _ output: Matrix, row: Int, _ expected: [Double], name: String, _ worst: inout Worst
  ) {
    let scale = Double(output.scales[row])
    let zero = output.zeros[row]
    let range = (min(expected.min() ?? 0, 0), max(expected.max() ?? 0, 0))
    worst.compare(
      scale, range.1 > range.0 ? (range.1 - range.0) / 255 : 1, limit: 3 * Roundoff.fp32 * scale,
      "\(name): the scale")
    worst.compare(Double(zero), 127.5, limit: 127.5, "\(name): the zero point")
    for (column, byte) in output.bytes(row: row).enumerated() {
      // Half a step; the value over the scale, at most 255, has been rounded four times.
      worst.compare(
        scale * Double(Int32(byte) - zero), expected[column],
        limit: scale * (0.5 + 4 * 255 * Roundoff.fp32), "\(name), column \(column)")
      if expected[column] == 0 {
        worst.compare(Double(byte), Double(zero), limit: 0.25, "\(name): zero, column \(column)")
      }
    }
  }
}
