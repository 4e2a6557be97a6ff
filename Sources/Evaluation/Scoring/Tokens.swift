// Text as tokens that can be compared: words or characters, as jiwer has them.

import SwiftletText

/// The words of `text` in UTF-8, which tells apart what Swift's strings take for the same (é in one scalar or in
/// two), as Python does.
///
/// White space separates words; but one single character of it that is no space, a tab for example, belongs to the
/// word around it (jiwer 4.0's `wer_default`: runs of two and more become a space, then the text is cut at spaces).
func words(of text: String) -> [ArraySlice<UInt8>] {
  let bytes = Array(text.utf8)
  var words: [ArraySlice<UInt8>] = []
  var start = 0
  var offset = 0
  /// The white space just passed: where it began, how many scalars, and whether it is one space.
  var gap: (start: Int, scalars: Int, isSpace: Bool)? = (0, 2, false)
  for scalar in text.unicodeScalars {
    if scalar.isPythonWhitespace {
      gap = gap.map { ($0.start, $0.scalars + 1, false) } ?? (offset, 1, scalar == " ")
    } else if let passed = gap {
      gap = nil
      if passed.scalars > 1 || passed.isSpace {
        if passed.start > start { words.append(bytes[start..<passed.start]) }
        start = offset
      }
    }
    offset += UTF8.width(scalar)
  }
  let end = gap?.start ?? offset
  if end > start { words.append(bytes[start..<end]) }
  return words
}

/// The characters of `text`, white space inside it included, as jiwer's `cer_default` has them: Unicode scalars.
func characters(of text: String) -> ArraySlice<Unicode.Scalar> {
  let scalars = Array(text.unicodeScalars)
  guard let first = scalars.firstIndex(where: { !$0.isPythonWhitespace }),
    let last = scalars.lastIndex(where: { !$0.isPythonWhitespace })
  else { return [] }
  return scalars[first...last]
}
