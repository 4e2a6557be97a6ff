// Text on which rules of rewriting work one after the other.

import SwiftletText

/// Text as Unicode scalars, which is what the reference's rules see; Swift's characters can be several.
typealias ScalarText = [Unicode.Scalar]

extension ScalarText {
  init(_ text: String) { self = Array(text.unicodeScalars) }

  var string: String { string(indices) }

  func string(_ range: Range<Int>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: self[range])
    return String(text)
  }

  /// Whether `index` is inside the text and the scalar there fulfils the condition.
  func has(_ index: Int, where condition: (Unicode.Scalar) -> Bool) -> Bool {
    index < count && condition(self[index])
  }

  /// Whether this scalar is at `index`, which may be past the end.
  func has(_ index: Int, _ scalar: Unicode.Scalar) -> Bool { index < count && self[index] == scalar }

  /// Where the run of scalars that begins at `index` and fulfils a condition ends; `index` if there is none.
  func endOfRun(from index: Int, where condition: (Unicode.Scalar) -> Bool) -> Int {
    var end = index
    while has(end, where: condition) { end += 1 }
    return end
  }

  /// Where the rest of a word ends, `index` if no word character is there: `\b` after a word.
  func endOfWord(from index: Int) -> Int { endOfRun(from: index, where: \.isWordCharacter) }

  /// Whether a word begins at `index`: `\b` before a word.
  func isStartOfWord(_ index: Int) -> Bool {
    self[index].isWordCharacter && (index == 0 || !self[index - 1].isWordCharacter)
  }

  /// Applies a rule from left to right. Asked about an index, it returns nil, or what to write instead of the text from
  /// there to `end`, where it is asked next.
  func replacing(_ rule: (_ index: Int) -> (text: String, end: Int)?) -> ScalarText {
    var result = ScalarText()
    result.reserveCapacity(count + 16)
    var index = 0
    while index < count {
      if let (text, end) = rule(index) {
        result.append(contentsOf: text.unicodeScalars)
        index = end
      } else {
        result.append(self[index])
        index += 1
      }
    }
    return result
  }

  /// Without what stands in brackets: from `<` or `[` to the next `>` or `]`, and from `(` to the next `)` if there is
  /// something between. Brackets that nothing closes stay.
  func withoutBracketed() -> ScalarText {
    without(from: { $0 == "<" || $0 == "[" }, to: { $0 == ">" || $0 == "]" }, shortest: 2)
      .without(from: { $0 == "(" }, to: { $0 == ")" }, shortest: 3)
  }

  private func without(
    from opens: (Unicode.Scalar) -> Bool, to closes: (Unicode.Scalar) -> Bool, shortest: Int
  ) -> ScalarText {
    // Once nothing closes any more, it is not looked for again: the text may be long.
    var mayClose = true
    return replacing { index in
      guard mayClose, opens(self[index]) else { return nil }
      guard let closing = self[(index + 1)...].firstIndex(where: closes) else {
        mayClose = false
        return nil
      }
      return closing + 1 - index >= shortest ? ("", closing + 1) : nil
    }
  }

  /// With one space for each run of white space.
  func withSingleSpaces() -> ScalarText {
    replacing { index in
      let end = endOfRun(from: index, where: \.isPythonWhitespace)
      return end > index ? (" ", end) : nil
    }
  }

  /// The words between white space.
  var wordsBetweenSpaces: [String] {
    split(whereSeparator: \.isPythonWhitespace).map { string($0.indices) }
  }
}
