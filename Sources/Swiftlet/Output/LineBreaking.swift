// Where a line may be broken, and where it should be.

import SwiftletText

enum LineBreaking {
  /// Whether a line may be broken between two characters; a space goes with what comes after it.
  static func isAllowed(between last: Character, and next: Character) -> Bool {
    if next.isWhitespace { return !last.isWhitespace }
    if last.isWhitespace { return false }
    guard last.isWrittenWithoutSpaces || next.isWrittenWithoutSpaces else { return false }
    return !neverFirst.contains(next) && !neverLast.contains(last) && "\(last)\(next)".count == 2
  }

  /// What no line begins with: closing marks, small kana, what lengthens or repeats (JIS X 4051), and vowels of Thai and Lao
  /// that follow their consonant.
  private static let neverFirst = Set(
    "、。，．・：；？！゛゜ヽヾゝゞ々〻ー―‐–—’”）〕］｝〉》」』】〙〗〟｠»ゎぁぃぅぇぉっゃゅょァィゥェォッャュョヮヵヶ!),.:;?]}…‥%％‰℃"
      + "ะาำๅๆฯະາຳໆຯ។៕៖ៗ၊။")
  /// What no line ends with: opening marks, and vowels of Thai and Lao that are written before their consonant.
  private static let neverLast = Set("‘“（〔［｛〈《「『【〘〖〝｟«([{" + "เแโใไເແໂໃໄ")

  private static let clauseEnds = Set(",;:，、；：､،؛—–၊")

  /// Whether a character of a script without spaces ends a sentence or a clause.
  static func isMark(_ character: Character?) -> Bool {
    character.map { $0.isWrittenWithoutSpaces && (SentenceEnd.marks.contains($0) || clauseEnds.contains($0)) }
      ?? false
  }

  /// Whether a sentence ends with `text`.
  ///
  /// - Parameter next: what follows, with the space before it.
  static func endsSentence(_ text: String, before next: String) -> Bool {
    guard let mark = text.last(where: { !SentenceEnd.closing.contains($0) }), SentenceEnd.marks.contains(mark)
    else {
      return false
    }
    return mark != "." || text.hasSuffix("..") || SentenceEnd.isReached(text, before: next)
  }

  /// How bad it is to break a line or a subtitle after `text`, from 0 (a sentence ends) to 12.
  ///
  /// - Parameters:
  ///   - next: what follows, with the space before it.
  ///   - pause: milliseconds between them.
  static func cost(after text: String, before next: String, pause: Int, language: String) -> Double {
    if endsSentence(text, before: next) { return 0 }
    let mark = text.last(where: { !SentenceEnd.closing.contains($0) })
    if let mark, clauseEnds.contains(mark) { return 1.5 }
    let cost = next.first?.isWhitespace == true ? spaced(text, next, language) : unspaced(text, next)
    // Who speaks pauses between clauses.
    return pause > 300 ? min(cost, pause > 600 ? 1.5 : 3) : cost
  }

  private static func spaced(_ text: String, _ next: String, _ language: String) -> Double {
    // Thai and its like have spaces between phrases.
    if text.last?.isWrittenWithoutSpaces == true { return 1.5 }
    let words = FunctionWords.of(language)
    let (word, following) = (text.bare, next.bare)
    if words.leading.contains(word) { return 10 }
    if words.leading.contains(following), !words.articles.contains(following) { return 3 }
    // First and last names, titles and names.
    if text.isCapitalized, next.isCapitalized { return 8 }
    return 5
  }

  private static func unspaced(_ text: String, _ next: String) -> Double {
    guard let last = text.last.map(Script.init), let first = next.first.map(Script.init) else { return 12 }
    return switch (last, first) {
    // Particles end what they belong to.
    case (.hiragana, .ideograph), (.hiragana, .katakana), (.hiragana, .other): 4
    case (.hiragana, .hiragana), (.ideograph, .ideograph), (.other, .ideograph), (.ideograph, .katakana): 7
    case (.katakana, .ideograph): 6
    case (.ideograph, .hiragana), (.katakana, .hiragana), (.other, .hiragana): 9
    default: 11
    }
  }

  private enum Script {
    case hiragana, katakana, ideograph, other

    init(_ character: Character) {
      switch character.unicodeScalars.first?.value ?? 0 {
      case 0x3041...0x309F: self = .hiragana
      case 0x30A0...0x30FF, 0xFF66...0xFF9F: self = .katakana
      case 0x3005...0x3007, 0x3400...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: self = .ideograph
      default: self = .other
      }
    }
  }
}

extension Character {
  fileprivate var isWrittenWithoutSpaces: Bool {
    unicodeScalars.first?.isWrittenWithoutSpaces ?? false
  }
}

extension String {
  /// In lower case, without marks and spaces around it.
  fileprivate var bare: String {
    let isMark = { (character: Character) in !character.isLetter && !character.isNumber }
    let end = lastIndex { !isMark($0) }.map(index(after:)) ?? startIndex
    return self[..<end].drop(while: isMark).lowercased()
  }

  fileprivate var isCapitalized: Bool { first { !$0.isWhitespace }?.isUppercase ?? false }
}
