// exp, through the softmax, and GELU against double precision over the whole range of their arguments.

import Foundation
import Testing

@testable import SwiftletCompute

@Suite struct ElementaryFunctionTests {
  @Test(arguments: InstructionSet.available.indices) func gelu(_ index: Int) {
    var arguments: [Float] = [0, -0.0, 1e-38, -1e-38, 1e-20, 100, -100, 3e38, -3e38]
    arguments += stride(from: Float(-13), through: 13, by: 0.000_37)
    var values = arguments
    InstructionSet.available[index].kernels.pointee.gelu_f32(&values, values.count)
    for (x, value) in zip(arguments, values) {
      let expected = Oracle.gelu(Double(x))
      // 4.3e-8 of the polynomial; z = x/√2 is off by 2 u (the constant and the product), so that z² is by 5 u and its
      // exp by 5 z² u; and a dozen roundings. Beyond z² = 88 the tail is below what fp32 holds beside 1e-36.
      let square = min(Double(x) * Double(x) / 2, 88)
      let relative = 4.3e-8 + (5 * square + 12) * 0x1p-24
      #expect(
        (Double(value) - expected).magnitude <= relative * expected.magnitude + 1e-36, "gelu(\(x)) = \(value)"
      )
    }
  }

  @Test(arguments: InstructionSet.available.indices) func softmax(_ index: Int) {
    for count in [1, 2, 15, 16, 17, 31, 33, 448, 1_500] {
      let arguments = (0..<count).map { Float(sin(Double($0) * 1.7)) * 40 }
      var values = arguments + [.nan]
      InstructionSet.available[index].kernels.pointee.softmax_f32(&values, count)
      #expect(values[count].isNaN, "written past the end")
      let top = Double(arguments.max() ?? 0)
      let weights = arguments.map { exp(Double($0) - top) }
      let sum = weights.reduce(0, +)
      for (value, weight) in zip(values, weights) {
        let expected = weight / sum
        // exp to 2 ulp, its argument's rounding (up to 80 · u), the sum of `count` terms and the last scaling.
        let relative = (4 + 80 + Double(count) / 8 + 4) * 0x1p-24
        #expect((Double(value) - expected).magnitude <= relative * expected + 1e-37)
      }
    }
  }
}
