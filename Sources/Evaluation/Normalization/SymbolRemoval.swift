// Symbols, punctuation and marks out of a text.

import Foundation

extension ScalarText {
  /// In compatibility composition (NFKC), with a space for each mark, symbol and punctuation.
  func withoutSymbols() -> ScalarText {
    let text = isASCII ? self : ScalarText(compatibilityDecomposed).composed
    return text.map { $0.isMark || $0.isSymbolOrPunctuation ? " " : $0 }
  }

  /// In compatibility decomposition (NFKD), without nonspacing marks and with plain letters for some special ones; with
  /// a space for any other mark, symbol and punctuation, unless it is one of `kept`.
  func withoutSymbolsAndDiacritics(except kept: Set<Unicode.Scalar> = []) -> ScalarText {
    // Foundation's decomposition can leave a compatibility character's marks behind those they belong before.
    let text = isASCII ? self : ScalarText(compatibilityDecomposed.decomposedStringWithCanonicalMapping)
    var result = ScalarText()
    result.reserveCapacity(text.count)
    for scalar in text {
      if kept.contains(scalar) {
        result.append(scalar)
      } else if let plain = scalar.plainLetters {
        result.append(contentsOf: plain.unicodeScalars)
      } else if scalar.isMark {
        if scalar.properties.generalCategory != .nonspacingMark { result.append(" ") }
      } else {
        result.append(scalar.isSymbolOrPunctuation ? " " : scalar)
      }
    }
    return result
  }

  private var isASCII: Bool { allSatisfy(\.isASCII) }

  private var compatibilityDecomposed: String { string.decomposedStringWithCompatibilityMapping }

  /// Foundation (Swift 6.3) takes three jamo of old Korean for their modern neighbours and composes them too. Nothing
  /// composes with them, so that what lies between can be composed by itself.
  private var composed: ScalarText {
    var result = ScalarText()
    var start = 0
    for index in indices where ["\u{1176}", "\u{11A7}", "\u{11C3}"].contains(self[index]) {
      result += ScalarText(string(start..<index).precomposedStringWithCanonicalMapping) + [self[index]]
      start = index + 1
    }
    return result + ScalarText(string(start..<count).precomposedStringWithCanonicalMapping)
  }
}

extension Unicode.Scalar {
  fileprivate var isMark: Bool {
    guard !isASCII else { return false }
    return switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: true
    default: false
    }
  }

  fileprivate var isSymbolOrPunctuation: Bool {
    switch value {
    // ASCII's visible characters are all either that or part of words.
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    case 0..<0x80: false
    default:
      switch properties.generalCategory {
      case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol, .connectorPunctuation,
        .dashPunctuation,
        .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation:
        true
      default: false
      }
    }
  }

  /// What stands for letters that no decomposition takes apart (`ADDITIONAL_DIACRITICS` of the reference, its small
  /// `th` for the capital thorn too).
  fileprivate var plainLetters: String? {
    switch self {
    case "œ": "oe"
    case "Œ": "OE"
    case "ø": "o"
    case "Ø": "O"
    case "æ": "ae"
    case "Æ": "AE"
    case "ß": "ss"
    case "ẞ": "SS"
    case "đ", "ð": "d"
    case "Đ", "Ð": "D"
    case "þ", "Þ": "th"
    case "ł": "l"
    case "Ł": "L"
    default: nil
    }
  }
}
