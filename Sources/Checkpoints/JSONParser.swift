// A strict JSON parser that refuses what model headers must not hold: repeated keys and deep nesting.

import Foundation

/// Parses one JSON document (RFC 8259) in a range of a mapped file.
///
/// Foundation's decoder keeps one of two equal keys without a word; in the header of a model that would hide
/// a tensor.
struct JSONParser {
  /// Deeper than any header or configuration, shallow enough for the stack.
  private static let deepest = 64

  /// The header of the largest Whisper takes a few hundred kilobytes; parsed, JSON takes many times its size.
  private static let longest = 16 << 20

  private let file: MappedFile
  private let bytes: [UInt8]
  private var position = 0

  /// Parses `range` of `file`, which must hold one value and white space only.
  static func parse(_ file: MappedFile, range: Range<Int>) throws(CheckpointError) -> JSONValue {
    guard range.count <= longest else {
      throw .malformed(file: file.name, reason: "its JSON is \(range.count) bytes long")
    }
    var parser = JSONParser(file: file, bytes: [UInt8](file.data[range]))
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == parser.bytes.count else {
      throw parser.damaged("text after the end of the JSON")
    }
    return value
  }

  /// Parses a whole file.
  static func parse(_ file: MappedFile) throws(CheckpointError) -> JSONValue {
    try parse(file, range: 0..<file.count)
  }

  private init(file: MappedFile, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
  }

  private func damaged(_ what: String) -> CheckpointError {
    .malformed(file: file.name, reason: "\(what) at byte \(position) of its JSON")
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    skipSpace()
    guard take(UInt8(ascii: character)) else { throw damaged("no \"\(character)\"") }
  }

  private mutating func value(depth: Int) throws(CheckpointError) -> JSONValue {
    guard depth < Self.deepest else { throw damaged("nesting deeper than \(Self.deepest)") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(CheckpointError) -> JSONValue {
    for byte in word.utf8 where !take(byte) { throw damaged("an unknown word") }
    return value
  }

  private mutating func object(depth: Int) throws(CheckpointError) -> JSONValue {
    var members: [String: JSONValue] = [:]
    try expect("{")
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      let key = try string()
      try expect(":")
      let member = try value(depth: depth + 1)
      guard members.updateValue(member, forKey: key) == nil else {
        throw damaged("the key \"\(key)\" a second time")
      }
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      try expect(",")
    }
  }

  private mutating func array(depth: Int) throws(CheckpointError) -> JSONValue {
    var elements: [JSONValue] = []
    try expect("[")
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      try expect(",")
    }
  }

  private mutating func number() throws(CheckpointError) -> JSONValue {
    let start = position
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw damaged("no JSON value") }
    return .number(number)
  }

  private mutating func string() throws(CheckpointError) -> String {
    guard take(UInt8(ascii: "\"")) else { throw damaged("no text in quotes") }
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw damaged("text that is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw damaged("a control character")
      default: text.append(byte)
      }
    }
    throw damaged("text without an end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(CheckpointError) {
    let byte = next
    position += 1
    switch byte {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): if let byte { text.append(byte) }
    case UInt8(ascii: "u"): text += Array(String(try unicodeEscape()).utf8)
    default: throw damaged("an unknown escape")
    }
  }

  /// The scalar of `\uXXXX`, or of a pair of surrogates.
  private mutating func unicodeEscape() throws(CheckpointError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw damaged("half a surrogate pair")
    }
    let second = try hexadecimal()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw damaged("half a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(CheckpointError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw damaged("an incomplete \\u escape")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
