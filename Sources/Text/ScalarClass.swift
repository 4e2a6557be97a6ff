// The four kinds of character between which GPT-2's pattern tells.

/// What a character is to the pattern: `\p{L}`, `\p{N}`, `\s`, or none of them.
package enum ScalarClass: Sendable {
  case letter, number, whitespace, other

  /// The class of any scalar, by the Unicode tables of Swift's standard library.
  package init(_ scalar: Unicode.Scalar) {
    if scalar.value < 0x80 {
      self = Self.ascii[Int(scalar.value)]
    } else {
      self.init(properties: scalar.properties)
    }
  }

  private init(properties: Unicode.Scalar.Properties) {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = properties.isWhitespace ? .whitespace : .other
    }
  }

  /// Most text is ASCII, so these are looked up once.
  private static let ascii: [ScalarClass] = (0..<0x80).map { (value: UInt8) in
    ScalarClass(properties: Unicode.Scalar(value).properties)
  }
}
