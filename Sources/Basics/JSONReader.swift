// Reads JSON as it comes: headers and descriptions of models, and vocabularies.

/// A cursor over JSON text (RFC 8259), for files of a known shape. Strict: what is not JSON, or not UTF-8, is refused.
///
/// Foundation's `JSONDecoder` takes 0.15 s for a `tokenizer.json`, longer than a short clip takes to
/// transcribe; this takes an eighth of that.
package struct JSONReader {
  private let text: [UInt8]
  private var offset = 0
  private var depth = 0

  /// Values may be nested this deep: deeper than any header or vocabulary, shallow enough for the stack.
  private static let depthLimit = 64

  package init(_ text: [UInt8]) { self.text = text }

  /// Reads an object. `member` is called with each name and must read or skip its value.
  package mutating func readObject(
    _ member: (inout JSONReader, String) throws(JSONError) -> Void
  ) throws(JSONError) {
    try open("{")
    if take("}") { return depth -= 1 }
    repeat {
      let name = try readString()
      try expect(":")
      try member(&self, name)
    } while take(",")
    try expect("}")
    depth -= 1
  }

  /// Reads an array. `element` must read or skip one value.
  package mutating func readArray(
    _ element: (inout JSONReader) throws(JSONError) -> Void
  ) throws(JSONError) {
    try open("[")
    if take("]") { return depth -= 1 }
    repeat { try element(&self) } while take(",")
    try expect("]")
    depth -= 1
  }

  package mutating func readString() throws(JSONError) -> String {
    try expect("\"")
    var string = try readPlainText()
    while offset < text.count, text[offset] == Self.backslash {
      string.unicodeScalars.append(try readEscape())
      string += try readPlainText()
    }
    guard offset < text.count else { throw error("a string does not end") }
    guard text[offset] == Self.quote else { throw error("a control character in a string") }
    offset += 1
    return string
  }

  /// Reads a number without fraction or exponent.
  package mutating func readInteger() throws(JSONError) -> Int {
    let start = offset
    guard case .integer(let integer) = try readNumber() else {
      offset = start
      throw error("an integer is expected")
    }
    return integer
  }

  /// Reads a number; one that has a fraction or an exponent, or does not fit, is no integer.
  package mutating func readNumber() throws(JSONError) -> JSONValue {
    skipSpace()
    let start = offset
    if at("-") { offset += 1 }
    let first = offset
    let digits = skipDigits()
    guard digits == 1 || digits > 1 && text[first] != UInt8(ascii: "0") else {
      throw error("a value is expected")
    }
    let isWhole = !(at(".") || at("e") || at("E"))
    if at(".") {
      offset += 1
      guard skipDigits() > 0 else { throw error("a digit is expected") }
    }
    if at("e") || at("E") {
      offset += 1
      if at("+") || at("-") { offset += 1 }
      guard skipDigits() > 0 else { throw error("a digit is expected") }
    }
    if isWhole, digits <= 18 {
      // A vocabulary has 50,000 of these; a string for each would take as long as all else here.
      let magnitude = text[first..<offset].reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
      return .integer(first > start ? -magnitude : magnitude)
    }
    let number = String(decoding: text[start..<offset], as: UTF8.self)
    if isWhole, let integer = Int(number) { return .integer(integer) }
    guard let value = Double(number), value.isFinite else { throw error("a number is too large") }
    return .number(value)
  }

  /// Reads a string or null.
  package mutating func readOptionalString() throws(JSONError) -> String? {
    guard peek() == UInt8(ascii: "n") else { return try readString() }
    try expectWord("null")
    return nil
  }

  /// Whether the next value is an array.
  package mutating func isAtArray() -> Bool { peek() == UInt8(ascii: "[") }

  /// Reads a value of any kind. A key that an object has twice is refused: one would hide the other.
  package mutating func readValue() throws(JSONError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [String: JSONValue] = [:]
      try readObject { reader, name throws(JSONError) in
        guard members.updateValue(try reader.readValue(), forKey: name) == nil else {
          throw reader.error("the key \(name.debugDescription) a second time")
        }
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try readArray { reader throws(JSONError) in elements.append(try reader.readValue()) }
      return .array(elements)
    case Self.quote: return .string(try readString())
    default: return try readWordOrNumber()
    }
  }

  /// Passes over a value of any kind.
  package mutating func skipValue() throws(JSONError) {
    switch peek() {
    case UInt8(ascii: "{"): try readObject { reader, _ throws(JSONError) in try reader.skipValue() }
    case UInt8(ascii: "["): try readArray { reader throws(JSONError) in try reader.skipValue() }
    case Self.quote: _ = try readString()
    default: _ = try readWordOrNumber()
    }
  }

  /// After the outermost value there may be white space only.
  package mutating func expectEnd() throws(JSONError) {
    guard peek() == nil else { throw error("there is text after the end") }
  }

  /// What is wrong with the value before this place.
  package func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: offset) }

  private mutating func readWordOrNumber() throws(JSONError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "t"):
      try expectWord("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try expectWord("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try expectWord("null")
      return .null
    default: return try readNumber()
    }
  }

  private mutating func expectWord(_ word: StaticString) throws(JSONError) {
    for index in 0..<word.utf8CodeUnitCount {
      guard offset < text.count, text[offset] == word.utf8Start[index] else { throw error("an unknown word") }
      offset += 1
    }
  }

  /// The part of a string up to the next quote, escape or control character.
  private mutating func readPlainText() throws(JSONError) -> String {
    let start = offset
    var bits: UInt8 = 0
    while offset < text.count {
      let byte = text[offset]
      if byte == 0x22 || byte == 0x5C || byte < 0x20 { break }
      bits |= byte
      offset += 1
    }
    let bytes = text[start..<offset]
    // Faster than `String(validating:)`, which takes as long for a token as all else here: what had to be repaired differs.
    let plain = String(decoding: bytes, as: UTF8.self)
    guard bits < 0x80 || plain.consists(of: bytes) else { throw error("a string is not UTF-8") }
    return plain
  }

  private mutating func readEscape() throws(JSONError) -> Unicode.Scalar {
    offset += 1
    guard offset < text.count else { throw error("a string does not end") }
    let letter = text[offset]
    offset += 1
    switch letter {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case Self.quote, Self.backslash, UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "u"): return try readUnicodeEscape()
    default: throw error("an unknown escape")
    }
  }

  /// Four hexadecimal digits, or eight in two surrogates.
  private mutating func readUnicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let first = try readHexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, offset + 1 < text.count, text[offset] == Self.backslash,
      text[offset + 1] == UInt8(ascii: "u")
    else { throw error("half a surrogate pair") }
    offset += 2
    let second = try readHexadecimal()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw error("half a surrogate pair") }
    return scalar
  }

  private mutating func readHexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard offset < text.count, let digit = text[offset].hexadecimalValue else {
        throw error("an incomplete \\u escape")
      }
      value = value << 4 | digit
      offset += 1
    }
    return value
  }

  private mutating func open(_ character: Unicode.Scalar) throws(JSONError) {
    try expect(character)
    depth += 1
    guard depth <= Self.depthLimit else { throw error("nesting deeper than \(Self.depthLimit)") }
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(JSONError) {
    guard take(character) else { throw error("\(character) is expected") }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  /// Whether the next byte is this character.
  private func at(_ character: Unicode.Scalar) -> Bool {
    offset < text.count && text[offset] == UInt8(ascii: character)
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

  /// Passes over digits and counts them.
  private mutating func skipDigits() -> Int {
    let start = offset
    while offset < text.count, text[offset] >= 0x30, text[offset] <= 0x39 { offset += 1 }
    return offset - start
  }

  private static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")
}

extension String {
  fileprivate func consists(of bytes: ArraySlice<UInt8>) -> Bool {
    utf8.withContiguousStorageIfAvailable { utf8 in
      bytes.withUnsafeBufferPointer { bytes in utf8.count == bytes.count && utf8.elementsEqual(bytes) }
    } ?? utf8.elementsEqual(bytes)
  }
}

extension UInt8 {
  /// Of a hexadecimal digit in ASCII.
  fileprivate var hexadecimalValue: UInt32? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(self - UInt8(ascii: "0"))
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self - UInt8(ascii: "A") + 10)
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self - UInt8(ascii: "a") + 10)
    default: nil
    }
  }
}

/// What keeps a text from being read as JSON.
package struct JSONError: Error, Hashable, CustomStringConvertible {
  /// Without a full stop: `a string does not end`.
  package let reason: String
  /// In bytes from the start of the text.
  package let offset: Int

  package var description: String { "\(reason) at byte \(offset)" }
}
