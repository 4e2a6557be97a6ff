// The four kinds of character between which GPT-2's pattern tells.

/// What a character is to the pattern: `\p{L}`, `\p{N}`, `\s`, or none of them.
package enum ScalarClass: Sendable {
  case letter, number, whitespace, other

  /// The Unicode version of the reference's tables (tiktoken 0.14 and tokenizers 0.23 agree on it).
  /// Characters that came later are unassigned there, hence `other`, although Swift's own tables may know
  /// better.
  private static let referenceVersion = 16

  /// The class of any scalar, as of Unicode 16.
  package init(_ scalar: Unicode.Scalar) {
    if scalar.value < 0x80 {
      self = Self.ascii[Int(scalar.value)]
    } else {
      self.init(properties: scalar.properties)
    }
  }

  private init(properties: Unicode.Scalar.Properties) {
    let kind: ScalarClass
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: kind = .letter
    case .decimalNumber, .letterNumber, .otherNumber: kind = .number
    default: kind = properties.isWhitespace ? .whitespace : .other
    }
    self = (properties.age?.major ?? 0) > Self.referenceVersion ? .other : kind
  }

  /// Most text is ASCII, so these are looked up once.
  private static let ascii: [ScalarClass] = (0..<0x80).map { (value: UInt8) in
    ScalarClass(properties: Unicode.Scalar(value).properties)
  }
}
