// What Python takes for white space, and for part of a word: openai-whisper strips and compares texts so.

extension Unicode.Scalar {
  /// Whether Python takes this for white space, in `str.split`, `str.strip` and `\s` alike.
  ///
  /// Those are Unicode's `White_Space` and, besides, the four separators of ASCII (1C to 1F).
  package var isPythonWhitespace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20: true
    case 0x21...0x84: false
    case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }

  /// Whether this is `\w` to Python: letters, numbers of any kind, and the underscore, but no combining marks.
  package var isWordCharacter: Bool {
    switch value {
    case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
    case 0..<0x80: false
    default: properties.generalCategory.isLetter || properties.generalCategory.isNumber
    }
  }

  /// Whether this is one of `0` to `9`.
  package var isASCIIDigit: Bool { (0x30...0x39).contains(value) }

  /// The value of a decimal digit of any script (Python's `\d`), nil of anything else.
  package var decimalDigit: Int? {
    if value < 0x80 { return isASCIIDigit ? Int(value - 0x30) : nil }
    guard properties.generalCategory == .decimalNumber else { return nil }
    return properties.numericValue.map { Int($0) }
  }
}
