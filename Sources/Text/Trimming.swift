// Ends of texts, and texts in texts, scalar by scalar as Python sees them.

extension String {
  /// Without white space at either end, as Python's `strip`: the separators U+001C to U+001F count too.
  package var trimmingWhitespace: String {
    let scalars = unicodeScalars.drop(while: \.isPythonWhitespace)
    guard let last = scalars.lastIndex(where: { !$0.isPythonWhitespace }) else { return "" }
    return String(scalars[...last])
  }

  /// Whether `other` occurs in this text scalar for scalar, as Python's `in` finds it; what is empty always does.
  package func containsScalars(of other: String) -> Bool {
    let part = Array(other.utf8)
    let text = Array(utf8)
    guard part.count <= text.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}

extension BidirectionalCollection {
  /// Without the elements at the end that satisfy `isDropped`.
  package func trimmingSuffix(while isDropped: (Element) -> Bool) -> SubSequence {
    guard let last = lastIndex(where: { !isDropped($0) }) else { return self[startIndex..<startIndex] }
    return self[...last]
  }
}
