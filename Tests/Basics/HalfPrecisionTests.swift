// Numbers of 16 bits against Swift's own.

import SwiftletBasics
import Testing

@Suite struct HalfPrecisionTests {
  /// All halves against Swift's own, there and back.
  @Test func everyHalf() {
    var wrong: [UInt16] = []
    for pattern in UInt16(0)...0xFFFF where pattern & 0x7C00 != 0x7C00 {
      let value = Float(Float16(bitPattern: pattern))
      if halfToFloat(pattern).bitPattern != value.bitPattern { wrong.append(pattern) }
      if floatToHalf(value) != pattern { wrong.append(pattern) }
      // Between this one and the next, and the fp32 numbers on both sides of the middle.
      let next = Float(Float16(bitPattern: pattern + 1))
      guard next.isFinite else { continue }
      let middle = (value + next) / 2
      for between in [middle, middle.nextUp, middle.nextDown]
      where floatToHalf(between) != Float16(between).bitPattern { wrong.append(pattern) }
    }
    #expect(wrong.isEmpty, "\(wrong.count) wrong, \(wrong.prefix(5))")
    // What is too large becomes the largest, not infinite.
    for (value, expected) in [(Float(65_520), 65_504), (1e30, 65_504), (-1e30, -65_504), (.infinity, 65_504)]
      as [(Float, Float)]
    {
      #expect(halfToFloat(floatToHalf(value)) == expected)
    }
  }

  @Test func everyBrainFloat() {
    var wrong: [UInt16] = []
    for pattern in UInt16(0)...0xFFFF where pattern & 0x7F80 != 0x7F80 {
      let value = bfloat16ToFloat(pattern)
      if value.bitPattern != UInt32(pattern) << 16 || floatToBFloat16(value) != pattern {
        wrong.append(pattern)
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) wrong, \(wrong.prefix(5))")
    #expect(bfloat16ToFloat(floatToBFloat16(.nan)).isNaN)
    #expect(floatToBFloat16(.infinity) == 0x7F80)
  }
}
