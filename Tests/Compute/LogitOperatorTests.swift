// Operators over rows of logits against plain double precision.

import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite struct LogitOperatorTests {
  @Test(arguments: InstructionSet.available, [1, 3, 16, 17, 31, 1_501, 51_865])
  func logSumExpIsThatOfDoubles(_ isa: InstructionSet, count: Int) throws {
    let context = try ComputeContext(threads: 1, instructionSet: isa)
    var generator = SeededGenerator(seed: UInt64(count))
    for masked in [0, count / 2, count - 1] {
      var values = (0..<count).map { _ in Float.random(in: -30..<30, using: &generator) }
      for index in 0..<masked { values[index] = -.infinity }
      let largest = Double(values.max() ?? 0)
      let expected = largest + log(values.map { exp(Double($0) - largest) }.reduce(0, +))
      #expect((Double(context.logSumExp(values.span)) - expected).magnitude < 1e-5)
    }
    #expect(context.logSumExp([Float](repeating: -.infinity, count: count).span) == -.infinity)
    #expect(context.logSumExp([Float]().span) == -.infinity)
  }

  @Test(arguments: InstructionSet.available) func exponentialsHaveTheTemperature(_ isa: InstructionSet) throws
  {
    let context = try ComputeContext(threads: 1, instructionSet: isa)
    let values: [Float] = (0..<37).map { Float($0 * 7 % 37) / 4 }
    let output = Matrix(rows: 2, columns: 37)
    let sum = context.exponentials(values.span, temperature: 0.4, into: output, row: 1)
    let expected = values.map { exp((Double($0) - 9) / 0.4) }
    for index in values.indices { #expect((Double(output[1, index]) - expected[index]).magnitude < 1e-5) }
    #expect((Double(sum) - expected.reduce(0, +)).magnitude < 1e-4)
  }

  @Test func theLargestAreFoundInOrder() throws {
    let context = try ComputeContext(threads: 1)
    var generator = SeededGenerator(seed: 2)
    var best: [RankedValue] = []
    for count in [1, 5, 300] {
      // Few different values, so that many are equal.
      let values = (0..<count).map { _ in Float(Int.random(in: 0..<40, using: &generator)) }
      for wanted in [0, 1, 4, count + 2] {
        context.findLargest(wanted, of: values.span, into: &best)
        let expected = values.indices.sorted {
          values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1
        }
        #expect(best.map(\.index) == Array(expected.prefix(wanted)))
      }
    }
    context.findLargest(3, of: [-.infinity, 2, -.infinity].span, into: &best)
    #expect(best == [RankedValue(index: 1, value: 2)])
  }
}
