// Numbers as they are read: words, digits, and the number that is being said.

import SwiftletText

extension NumeralReader {
  /// A word and what it can mean in a number.
  struct Word {
    let text: String
    let meaning: NumberWord?
    /// Set if these are digits, perhaps with decimals and with a sign or currency before them.
    let numeral: Numeral?
    /// Whether these are digits with nothing before them.
    let isPlainNumeral: Bool

    /// Whether a number can begin with it, or go on.
    var canBeNumeric: Bool { meaning != nil || isPlainNumeral }

    init(_ text: String) {
      self.text = text
      meaning = NumberWord(text)
      numeral = Numeral(text)
      isPlainNumeral = numeral.map { $0.prefix == nil } ?? false
    }
  }
}

/// A number in digits: `12`, `$5.50`.
struct Numeral {
  let prefix: String?
  let value: Value

  /// Nil if the text is no number.
  init?(_ text: String) {
    guard let first = text.unicodeScalars.first else { return nil }
    let isPrefix = ["-", "+", "£", "€", "$", "¢"].contains(first)
    let digits = isPrefix ? String(text.unicodeScalars.dropFirst()) : text
    guard let decimal = DecimalText(digits), decimal.hasDigitsAroundPoint else { return nil }
    prefix = isPrefix ? String(first) : nil
    value = decimal.shifted(by: 0).map { .integer($0) } ?? .text(digits)
  }
}

/// The number that is being said.
enum Value: CustomStringConvertible {
  case integer(DecimalInteger)
  /// Digits that are not to be added to: decimals, leading zeros, digits said one by one.
  case text(String)

  var description: String {
    switch self {
    case .integer(let integer): integer.description
    case .text(let text): text
    }
  }
}

/// Digits, of any script, with at most one point among them.
struct DecimalText {
  private let integer: [Int]
  /// Nil without a point.
  private let fraction: [Int]?

  /// Nil if the text is anything else; `5.` and `.5` will do, a point alone will not.
  init?(_ text: String) {
    let parts = text.unicodeScalars.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    var digits: [[Int]] = []
    for part in parts {
      let values = part.compactMap(\.decimalDigit)
      guard values.count == part.count else { return nil }
      digits.append(values)
    }
    guard digits.contains(where: { !$0.isEmpty }) else { return nil }
    integer = digits[0]
    fraction = digits.count > 1 ? digits[1] : nil
  }

  /// Whether there are digits on both sides of the point, or no point.
  var hasDigitsAroundPoint: Bool { !integer.isEmpty && fraction?.isEmpty != true }

  /// The number times 10 to the power of `power`, nil if that is no integer.
  func shifted(by power: Int) -> DecimalInteger? {
    let decimals = fraction ?? []
    let needed = decimals.count - decimals.reversed().prefix { $0 == 0 }.count
    guard needed <= power else { return nil }
    return DecimalInteger(digits: integer + decimals.prefix(needed)).shifted(by: power - needed)
  }
}
