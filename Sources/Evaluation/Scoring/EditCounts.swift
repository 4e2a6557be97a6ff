// How many tokens were right, and how many wrong in which way.

/// The counts of which error rates are made; they add up over utterances.
package struct EditCounts: Codable, Hashable, Sendable {
  package var hits: Int
  package var substitutions: Int
  package var deletions: Int
  package var insertions: Int

  package init(hits: Int = 0, substitutions: Int = 0, deletions: Int = 0, insertions: Int = 0) {
    self.hits = hits
    self.substitutions = substitutions
    self.deletions = deletions
    self.insertions = insertions
  }

  /// The counts of an alignment.
  package init(_ operations: some Sequence<EditOperation>) {
    self.init()
    for operation in operations {
      switch operation {
      case .match: hits += 1
      case .substitution: substitutions += 1
      case .deletion: deletions += 1
      case .insertion: insertions += 1
      }
    }
  }

  /// How many tokens the reference has.
  package var referenceCount: Int { hits + substitutions + deletions }

  /// How many edits turn the reference into the hypothesis.
  package var errors: Int { substitutions + deletions + insertions }

  /// Errors per token of the reference; more than 1 where much was inserted.
  ///
  /// Where the reference is empty there is nothing to divide by: 0 if the hypothesis is empty as well, as it
  /// should be, and otherwise nil. (jiwer gives the number of insertions then.) In a sum over utterances such
  /// insertions count like any other.
  package var rate: Double? {
    referenceCount > 0 ? Double(errors) / Double(referenceCount) : errors == 0 ? 0 : nil
  }

  package static func + (one: EditCounts, other: EditCounts) -> EditCounts {
    EditCounts(
      hits: one.hits + other.hits, substitutions: one.substitutions + other.substitutions,
      deletions: one.deletions + other.deletions, insertions: one.insertions + other.insertions)
  }

  package static func += (sum: inout EditCounts, other: EditCounts) { sum = sum + other }
}
