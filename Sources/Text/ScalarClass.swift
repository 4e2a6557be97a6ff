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
    let category = properties.generalCategory
    let kind: ScalarClass =
      if category.isLetter { .letter } else if category.isNumber { .number } else {
        properties.isWhitespace ? .whitespace : .other
      }
    self = (properties.age?.major ?? 0) > Self.referenceVersion ? .other : kind
  }

  /// Most text is ASCII, so these are looked up once.
  private static let ascii: [ScalarClass] = (0..<0x80).map { (value: UInt8) in
    ScalarClass(properties: Unicode.Scalar(value).properties)
  }
}

extension Unicode.GeneralCategory {
  /// Unicode's category L.
  var isLetter: Bool {
    switch self {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  /// Unicode's category N.
  var isNumber: Bool { self == .decimalNumber || self == .letterNumber || self == .otherNumber }
}
