// Reads JSON as it comes, for files of a known shape.

/// A cursor over JSON text (RFC 8259).
///
/// Foundation's `JSONDecoder` takes 0.15 s for a `tokenizer.json`, longer than a short clip takes to
/// transcribe; this takes a fifth of that. It is as strict as the files need: what it accepts besides JSON is
/// only text that a vocabulary would be refused for anyway.
struct JSONReader {
  private let text: [UInt8]
  private let file: String
  private var offset = 0

  /// Values may be nested this deep; vocabulary files need eight levels.
  private static let depthLimit = 64

  init(_ text: [UInt8], file: String) {
    self.text = text
    self.file = file
  }

  /// Reads an object. `member` is called with each name and must read or skip its value.
  mutating func readObject(
    _ member: (inout JSONReader, String) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try expect("{")
    if take("}") { return }
    repeat {
      let name = try readString()
      try expect(":")
      try member(&self, name)
    } while take(",")
    try expect("}")
  }

  /// Reads an array. `element` must read or skip one value.
  mutating func readArray(
    _ element: (inout JSONReader) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try expect("[")
    if take("]") { return }
    repeat { try element(&self) } while take(",")
    try expect("]")
  }

  mutating func readString() throws(TokenizerError) -> String {
    try expect("\"")
    let start = offset
    while offset < text.count, text[offset] != quote, text[offset] != backslash { offset += 1 }
    var string = String(decoding: text[start..<offset], as: UTF8.self)
    while offset < text.count, text[offset] == backslash {
      string.unicodeScalars.append(try readEscape())
      let start = offset
      while offset < text.count, text[offset] != quote, text[offset] != backslash { offset += 1 }
      string += String(decoding: text[start..<offset], as: UTF8.self)
    }
    guard offset < text.count else { throw malformed("a string does not end") }
    offset += 1
    return string
  }

  /// Reads a number without fraction or exponent.
  mutating func readInteger() throws(TokenizerError) -> Int {
    skipSpace()
    let start = offset
    if offset < text.count, text[offset] == UInt8(ascii: "-") { offset += 1 }
    while offset < text.count, isDigit(text[offset]) { offset += 1 }
    guard let value = Int(String(decoding: text[start..<offset], as: UTF8.self)) else {
      throw malformed("an integer is expected")
    }
    return value
  }

  /// Reads a string or null.
  mutating func readOptionalString() throws(TokenizerError) -> String? {
    guard peek() == UInt8(ascii: "n") else { return try readString() }
    try skipValue()
    return nil
  }

  /// Whether the next value is an array.
  mutating func isAtArray() -> Bool { peek() == UInt8(ascii: "[") }

  mutating func skipValue() throws(TokenizerError) { try skipValue(depth: 0) }

  /// After the outermost value there may be white space only.
  mutating func expectEnd() throws(TokenizerError) {
    guard peek() == nil else { throw malformed("there is text after the end") }
  }

  private mutating func skipValue(depth: Int) throws(TokenizerError) {
    guard depth < Self.depthLimit else { throw malformed("values are nested too deeply") }
    switch peek() {
    case UInt8(ascii: "{"):
      try readObject { reader, _ throws(TokenizerError) in try reader.skipValue(depth: depth + 1) }
    case UInt8(ascii: "["):
      try readArray { reader throws(TokenizerError) in try reader.skipValue(depth: depth + 1) }
    case quote: _ = try readString()
    default:
      // A number, true, false or null.
      let start = offset
      while offset < text.count,
        isDigit(text[offset]) || isLetter(text[offset]) || "+-.".utf8.contains(text[offset])
      {
        offset += 1
      }
      guard offset > start else { throw malformed("a value is expected") }
    }
  }

  private mutating func readEscape() throws(TokenizerError) -> Unicode.Scalar {
    offset += 1
    guard offset < text.count else { throw malformed("a string does not end") }
    let letter = text[offset]
    offset += 1
    switch letter {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case quote, backslash, UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "u"): return try readUnicodeEscape()
    default: throw malformed("an unknown escape")
    }
  }

  /// Four hexadecimal digits, or eight in two surrogates.
  private mutating func readUnicodeEscape() throws(TokenizerError) -> Unicode.Scalar {
    let first = try readHexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, offset + 1 < text.count, text[offset] == backslash,
      text[offset + 1] == UInt8(ascii: "u")
    else { throw malformed("a surrogate stands alone") }
    offset += 2
    let second = try readHexadecimal()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw malformed("a surrogate stands alone") }
    return scalar
  }

  private mutating func readHexadecimal() throws(TokenizerError) -> UInt32 {
    guard offset + 4 <= text.count,
      let value = UInt32(String(decoding: text[offset..<offset + 4], as: UTF8.self), radix: 16)
    else { throw malformed("four hexadecimal digits are expected") }
    offset += 4
    return value
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(TokenizerError) {
    guard take(character) else { throw malformed("\(character) is expected") }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  /// The next byte that is not white space, nil at the end.
  private mutating func peek() -> UInt8? {
    skipSpace()
    return offset < text.count ? text[offset] : nil
  }

  private mutating func skipSpace() {
    while offset < text.count {
      switch text[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }

  private var quote: UInt8 { 0x22 }

  private var backslash: UInt8 { 0x5C }

  private func malformed(_ reason: String) -> TokenizerError {
    .malformedJSON(file: file, reason: "\(reason) at byte \(offset)")
  }
}
