// Which word of the hypothesis stands where which word of the reference does.

/// A reference and a hypothesis side by side, word by word.
package struct WordAlignment: Codable, Hashable, Sendable {
  package struct Step: Codable, Hashable, Sendable {
    package let operation: EditOperation
    /// The reference's word, nil in an insertion.
    package let reference: String?
    /// The hypothesis's word, nil in a deletion.
    package let hypothesis: String?
  }

  package let steps: [Step]

  package var counts: EditCounts { EditCounts(steps.lazy.map(\.operation)) }

  init(steps: [Step]) { self.steps = steps }

  /// Aligns the words of two texts as they are; normalize them before.
  package init(reference: String, hypothesis: String) {
    let (expected, heard) = (words(of: reference), words(of: hypothesis))
    var (i, j) = (0, 0)
    func next(_ words: [ArraySlice<UInt8>], _ index: inout Int) -> String {
      defer { index += 1 }
      return String(decoding: words[index], as: UTF8.self)
    }
    steps = editOperations(reference: expected, hypothesis: heard).map { operation in
      Step(
        operation: operation, reference: operation == .insertion ? nil : next(expected, &i),
        hypothesis: operation == .deletion ? nil : next(heard, &j))
    }
  }
}
