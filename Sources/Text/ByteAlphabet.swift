// The alphabet in which vocabulary files write bytes as visible characters.

/// GPT-2's one-to-one map between bytes and characters.
///
/// Bytes that are visible in Latin-1 stand for themselves; the others are numbered from U+0100 in order
/// (`bytes_to_unicode` in GPT-2's `encoder.py`). So a space is written `Ġ` (U+0120).
enum ByteAlphabet {
  /// The bytes that `text` stands for, appended to `bytes`; false, with `bytes` spoilt, if a character is
  /// foreign.
  static func append(_ text: String, to bytes: inout [UInt8]) -> Bool {
    for scalar in text.unicodeScalars {
      guard scalar.value < byteOfScalar.count else { return false }
      let byte = byteOfScalar[Int(scalar.value)]
      guard byte >= 0 else { return false }
      bytes.append(UInt8(byte))
    }
    return true
  }

  /// The characters that stand for `bytes`.
  static func text(of bytes: some Sequence<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: bytes.lazy.map { scalarOfByte[Int($0)] })
    return String(scalars)
  }

  private static let scalarOfByte: [Unicode.Scalar] = {
    var next: UInt8 = 0
    return (0...255).map { (byte: UInt8) in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
      default:
        defer { next += 1 }
        return Unicode.Scalar(0x100 + UInt16(next)) ?? "\u{FFFD}"
      }
    }
  }()

  /// The byte of each scalar value, -1 where a scalar stands for none.
  private static let byteOfScalar: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalarOfByte.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
    return bytes
  }()
}
