// Numbers that were written in words, in digits.

import SwiftletText

extension ScalarText {
  /// What `EnglishNumberNormalizer` of openai-whisper does: numerals, ordinals, decades, per cent and money in digits,
  /// and words separated by single spaces.
  func withNumbersInDigits() -> ScalarText {
    var reader = NumeralReader(words: withHalves().withDigitsApart().wordsBetweenSpaces)
    return ScalarText(reader.read().joined(separator: " ")).withCentsJoined().withLoneCents()
      .withOneSpelledOut()
  }

  /// `two and a half` becomes `two point five`.
  private func withHalves() -> ScalarText {
    var parts: [ScalarText] = []
    var start = 0
    for index in indices where index >= start && isStartOfWord(index) {
      guard let end = endOfAndAHalf(from: index) else { continue }
      let part = Array(self[start..<index])
      // Where nothing comes before, the half is lost.
      if let last = part.wordsBetweenSpaces.last {
        let word = NumberWord(last)
        let isNumeral = word?.isDecimal == true || word?.isMultiplier == true
        parts += [part, ScalarText(isNumeral ? "point five" : "and a half")]
      }
      start = end
    }
    let rest = self[start...]
    if !rest.allSatisfy(\.isPythonWhitespace) { parts.append(Array(rest)) }
    return Array(parts.joined(separator: [" "]))
  }

  private func endOfAndAHalf(from start: Int) -> Int? {
    var index = start
    for word in ["and", "a", "half"] {
      let begin = word == "and" ? index : endOfRun(from: index, where: \.isPythonWhitespace)
      guard word == "and" || begin > index else { return nil }
      index = endOfWord(from: begin)
      guard string(begin..<index) == word else { return nil }
    }
    return index
  }

  /// With a space between letters and digits, except before the suffixes of ordinals and decades, which get none.
  private func withDigitsApart() -> ScalarText {
    let apart = replacing { index in
      guard index + 1 < count else { return nil }
      let (one, next) = (self[index], self[index + 1])
      let isBoundary = (one.isSmallLetter && next.isASCIIDigit) || (one.isASCIIDigit && next.isSmallLetter)
      return isBoundary ? ([one, " "].string, index + 1) : nil
    }
    return apart.replacing { index in
      guard index > 0, apart[index - 1].isASCIIDigit else { return nil }
      let start = apart.endOfRun(from: index, where: \.isPythonWhitespace)
      guard start > index else { return nil }
      let suffix = apart.string(start..<apart.endOfWord(from: start))
      return ["st", "nd", "rd", "th", "s"].contains(suffix) ? ("", start) : nil
    }
  }

  /// `$2 and ¢7` becomes `$2.07`.
  private func withCentsJoined() -> ScalarText {
    replacing { index in
      guard isMainCurrency(index) else { return nil }
      let end = endOfRun(from: index + 1, where: \.isASCIIDigit)
      guard end > index + 1, has(end, " ") else { return nil }
      let sign = string(end + 1..<Swift.min(end + 5, count)) == "and " ? end + 5 : end + 1
      guard has(sign, "¢"), let cents = endOfCents(from: sign + 1) else { return nil }
      let padding = cents == sign + 2 ? "0" : ""
      return (string(index..<end) + "." + padding + string(sign + 1..<cents), cents)
    }
  }

  /// `$0.07` becomes `¢7`. Any character will do for the point.
  private func withLoneCents() -> ScalarText {
    replacing { index in
      guard isMainCurrency(index), has(index + 1, "0"), let end = endOfCents(from: index + 3) else {
        return nil
      }
      let cents = end == index + 5 && self[index + 3] == "0" ? index + 4 : index + 3
      return ("¢" + string(cents..<end), end)
    }
  }

  private func isMainCurrency(_ index: Int) -> Bool {
    self[index] == "$" || self[index] == "€" || self[index] == "£"
  }

  /// The end of a word of one or two digits, nil if there is none.
  private func endOfCents(from start: Int) -> Int? {
    let end = endOfRun(from: start, where: \.isASCIIDigit)
    return (1...2).contains(end - start) && endOfWord(from: end) == end ? end : nil
  }

  /// `1` and `1s` become `one` and `ones`, inside other numbers too: `1.5` becomes `one.5`.
  private func withOneSpelledOut() -> ScalarText {
    replacing { index in
      guard self[index] == "1", isStartOfWord(index) else { return nil }
      switch string(index..<endOfWord(from: index)) {
      case "1": return ("one", index + 1)
      case "1s": return ("ones", index + 2)
      default: return nil
      }
    }
  }
}

extension Unicode.Scalar {
  fileprivate var isSmallLetter: Bool { ("a"..."z").contains(self) }
}
