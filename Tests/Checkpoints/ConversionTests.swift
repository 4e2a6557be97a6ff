// Stored elements become the fp32 numbers that they stand for.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

@Suite struct ConversionTests {
  /// All 65536 halves, subnormals, infinities and NaNs among them, against Swift's own Float16.
  @Test func everyHalf() throws {
    let values = try floats(.float16)
    for (pattern, value) in values.enumerated() {
      let expected = Float(Float16(bitPattern: UInt16(pattern)))
      if expected.isNaN {
        #expect(value.isNaN, "\(pattern)")
      } else {
        #expect(value.bitPattern == expected.bitPattern, "\(pattern)")
      }
    }
  }

  @Test func everyBrainFloat() throws {
    for (pattern, value) in try floats(.bfloat16).enumerated() {
      #expect(value.bitPattern == UInt32(pattern) << 16, "\(pattern)")
    }
  }

  /// A file with every 16-bit pattern as an element, read back.
  private func floats(_ type: ElementType) throws -> [Float] {
    let folder = TestFolder()
    let url = folder.url.appending(path: "patterns.safetensors")
    var writer = SafetensorsWriter()
    // An odd tensor first, so that the elements do not start where the header ends.
    writer.add("first", type: .uint8, shape: [3]) { _ in Data([1, 2, 3]) }
    writer.add("patterns", type: type, shape: [256, 256]) { _ in
      Data((0..<65536).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    }
    try writer.write(to: url)
    let values = try SafetensorsFile(url).floats(of: "patterns")
    #expect(values.count == 65536)
    return values
  }
}
