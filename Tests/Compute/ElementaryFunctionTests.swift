// exp, through the softmax, GELU and the largest value against double precision over the whole range of arguments.

import CKernels
import Foundation
import SwiftletBasics
import Testing

@testable import SwiftletCompute

@Suite struct ElementaryFunctionTests {
  static let sets = InstructionSet.available.indices
  static let counts = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 448, 1_500]

  @Test(arguments: sets) func gelu(_ index: Int) {
    var arguments: [Float] = [0, -0.0, 1e-38, -1e-38, 1e-20, 100, -100, 3e38, -3e38]
    arguments += stride(from: Float(-13), through: 13, by: 0.000_37)
    var worst = Worst()
    for (x, value) in zip(arguments, apply(swiftlet_activation_gelu, arguments, index)) {
      worst.compare(
        Double(value), Oracle.gelu(Double(x)), limit: Oracle.activationError(.gelu, Double(x)), "gelu(\(x))")
    }
    #expect(worst.isWithin, "\(worst)")
  }

  /// 2e-4 on [-8, 8]; beyond, 2.5e-5 of the argument, which bf16 does not see (its steps are 4e-3 of the value).
  @Test(arguments: sets) func coarseGELU(_ index: Int) {
    var arguments: [Float] = [0, -0.0, 1e-38, -1e-38, 100, -100, 1e6, -1e6]
    arguments += stride(from: Float(-20), through: 20, by: 0.000_37)
    var worst = Worst()
    for (x, value) in zip(arguments, apply(swiftlet_activation_gelu_coarse, arguments, index)) {
      let x = Double(x)
      worst.compare(
        Double(value), Oracle.gelu(x), limit: x.magnitude <= 8 ? 2e-4 : 2.5e-5 * x.magnitude, "gelu(\(x))")
    }
    #expect(worst.isWithin, "\(worst)")
  }

  @Test(arguments: sets) func noActivation(_ index: Int) {
    let arguments = (0..<37).map { Float($0) - 17.5 }
    #expect(apply(swiftlet_activation_none, arguments, index) == arguments)
  }

  /// In pieces of odd lengths, so that whole vectors and rests are both met, and nothing past an end.
  private func apply(_ activation: swiftlet_activation, _ arguments: [Float], _ index: Int) -> [Float] {
    let kernels = InstructionSet.available[index].kernels.pointee
    var result: [Float] = []
    var piece = 1
    while result.count < arguments.count {
      let count = min(piece, arguments.count - result.count)
      var values = Array(arguments[result.count..<result.count + count]) + [.nan]
      kernels.gelu(&values, count, activation)
      #expect(values[count].isNaN, "written past the end")
      result += values.prefix(count)
      piece = piece % 1_000 + 1
    }
    return result
  }

  /// Scores of a softmax with and without a bias, some of them far below the largest.
  private static func scores(_ count: Int) -> (x: [Float], bias: [Float]) {
    (
      (0..<count).map { Float(sin(Double($0) * 1.7)) * ($0 % 5 == 4 ? 200 : 12) },
      (0..<count).map { Float(log(Double(1 + $0 % 32))) }
    )
  }

  @Test(arguments: sets, [false, true]) func exponentials(_ index: Int, hasBias: Bool) {
    let kernels = InstructionSet.available[index].kernels.pointee
    var worst = Worst()
    for count in Self.counts {
      let (x, bias) = Self.scores(count)
      let sums = x.indices.map { Double(x[$0]) + (hasBias ? Double(bias[$0]) : 0) }
      let top = sums.max() ?? 0
      var output = [Float](repeating: .nan, count: count + 1)
      let sum = kernels.exponentials_f32(x, hasBias ? bias : nil, count, &output)
      #expect(output[count].isNaN, "written past the end")
      for (value, exact) in zip(output, sums) {
        // What is below 2^-64 is 0, and either may be right where that begins.
        let binary = (exact - top) / log(2)
        let expected = binary < -64 ? 0 : exp(exact - top)
        let isAtTheEdge = abs(binary + 64) < 1e-4
        // exp to 2 ulp; before it the sum with the bias, the largest such sum, and their difference have been rounded.
        let argument = Roundoff.fp32 * (exact.magnitude + top.magnitude + (exact - top).magnitude)
        worst.compare(
          Double(value), expected,
          limit: (4 * Roundoff.fp32 + argument) * expected + (isAtTheEdge ? 1e-19 : 0),
          "exp(\(exact - top)), count \(count)")
      }
      compare(sum, output.prefix(count).map(Double.init), &worst)
      var inPlace = x
      #expect(kernels.exponentials_f32(inPlace, hasBias ? bias : nil, count, &inPlace) == sum)
      #expect(inPlace.elementsEqual(output.prefix(count)))
    }
    #expect(worst.isWithin, "\(worst)")
  }

  /// To 7.5e-5 before it is rounded to bf16: the result lies between the rounded ends of what is allowed.
  @Test(arguments: sets, [false, true]) func coarseExponentials(_ index: Int, hasBias: Bool) {
    let kernels = InstructionSet.available[index].kernels.pointee
    for count in Self.counts + [20_000] {
      var (x, bias) = Self.scores(count)
      if count == 20_000 {
        // Every fraction is another one: rounding to bf16 shows an error only next to the middle between two numbers.
        x = (0..<count).map { Float(Double($0) * -0.006_180_339_887) }
        bias = [Float](repeating: 0, count: count)
      }
      let sums = x.indices.map { Double(x[$0]) + (hasBias ? Double(bias[$0]) : 0) }
      let top = sums.max() ?? 0
      var output = [UInt16](repeating: 0xFFFF, count: count + 1)
      let sum = kernels.exponentials_bf16(x, hasBias ? bias : nil, count, &output)
      #expect(output[count] == 0xFFFF, "written past the end")
      var wrong: [Double] = []
      for (half, exact) in zip(output, sums) {
        // What is below 2^-64 is 0, and either may be right where that begins.
        let argument = exact - top
        let isZero = argument < -64 + 1e-4
        let mayBeMore = argument > -64 - 1e-4
        let rounded = Roundoff.fp32 * (exact.magnitude + 2 * top.magnitude + (exact - top).magnitude)
        let relative = 7.5e-5 + rounded * log(2.0) + 4 * Roundoff.fp32
        let low = isZero ? 0 : floatToBFloat16(Float(exp2(argument) * (1 - relative)))
        let high = mayBeMore ? floatToBFloat16(Float(exp2(argument) * (1 + relative))) : 0
        if !(low...high).contains(half) { wrong.append(exact - top) }
      }
      #expect(wrong.isEmpty, "count \(count): \(wrong.count) wrong, \(wrong.prefix(3))")
      var worst = Worst()
      compare(sum, output.prefix(count).map { Double(Float(bitPattern: UInt32($0) << 16)) }, &worst)
      #expect(worst.isWithin, "\(worst)")
    }
  }

  /// The sum is that of the values as they are stored, over at least four lanes.
  private func compare(_ sum: Float, _ values: [Double], _ worst: inout Worst) {
    let exact = values.reduce(0, +)
    worst.compare(
      Double(sum), exact, limit: (Double(values.count) / 4 + 8) * Roundoff.fp32 * exact,
      "the sum of \(values.count)")
  }

  /// A softmax over nothing but what is hidden, and over values so far apart that the rest vanishes.
  @Test(arguments: sets) func exponentialsAtTheEdge(_ index: Int) {
    let kernels = InstructionSet.available[index].kernels.pointee
    var empty: [Float] = [7]
    #expect(kernels.exponentials_f32([Float]([1]), nil, 0, &empty) == 0)
    #expect(empty == [7])
    for count in [2, 17, 40] {
      var x = [Float](repeating: -3e38, count: count)
      x[count - 1] = 3e38
      var output = [Float](repeating: .nan, count: count)
      #expect(kernels.exponentials_f32(x, nil, count, &output) == 1)
      #expect(output[count - 1] == 1 && output[0] < 1.3e-38)
      var halves = [UInt16](repeating: 0xFFFF, count: count)
      let sum = kernels.exponentials_bf16(x, nil, count, &halves)
      #expect(sum == 1 && halves[count - 1] == 0x3F80)
    }
  }

  @Test(arguments: sets) func largest(_ index: Int) throws {
    let context = try ComputeContext(threads: 1, instructionSet: InstructionSet.available[index])
    for count in Self.counts + [51_864] {
      let plain = (0..<count).map { Float(sin(Double($0) * 0.7)) }
      for place in Set([0, count / 2, count - 1]) {
        var values = plain
        values[place] = 3
        #expect(argmax(values, context) == place)
        // The first of several.
        values[count - 1] = 3
        #expect(argmax(values, context) == place)
        values = plain.map { _ in -.infinity }
        #expect(argmax(values, context) == 0)
        values[place] = -1e30
        #expect(argmax(values, context) == place)
        values[place] = .infinity
        #expect(argmax(values, context) == place)
        // NaN is passed over, wherever it stands.
        values = plain.map { _ in .nan }
        values[place] = -5
        #expect(argmax(values, context) == place)
      }
    }
    #expect(argmax([.nan, .nan], context) == 0)
    #expect(argmax([-0.0, 0], context) == 0)
  }

  /// In the second row, with larger values around it.
  private func argmax(_ values: [Float], _ context: ComputeContext) -> Int {
    let edge = [Float](repeating: .infinity, count: values.count)
    return Matrix(columns: values.count, values: edge + values + edge).withRow(1) { context.argmax($0) }
  }
}
