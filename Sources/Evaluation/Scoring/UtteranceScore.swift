// What was said against what was heard, for one utterance.

/// The two texts as they were compared, and their errors.
package struct UtteranceScore: Sendable {
  /// Normalized.
  package let reference: String
  /// Normalized.
  package let hypothesis: String
  package let words: EditCounts
  package let unmatched: UnmatchedWords
  package let characters: EditCounts

  /// Normalizes both texts and counts.
  ///
  /// - Parameter normalizer: nil compares the texts as they are.
  package init(reference: String, hypothesis: String, normalizer: (any TextNormalizer)?) {
    self.reference = normalizer?.normalize(reference) ?? reference
    self.hypothesis = normalizer?.normalize(hypothesis) ?? hypothesis
    let operations = wordOperations(reference: self.reference, hypothesis: self.hypothesis)
    words = EditCounts(operations)
    unmatched = UnmatchedWords(operations)
    characters = characterErrors(reference: self.reference, hypothesis: self.hypothesis)
  }

  /// The words side by side; made anew each time.
  package var alignment: WordAlignment { WordAlignment(reference: reference, hypothesis: hypothesis) }
}
