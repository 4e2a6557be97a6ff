// Word and character errors of one text against another.

/// What turns the words of `reference` into those of `hypothesis`, as jiwer's `process_words` finds it.
///
/// The texts are compared as they are; normalize them before.
func wordOperations(reference: String, hypothesis: String) -> [EditOperation] {
  editOperations(reference: words(of: reference), hypothesis: words(of: hypothesis))
}

/// Counts the characters (Unicode scalars, spaces too) that are wrong, as jiwer's `process_characters` does.
package func characterErrors(reference: String, hypothesis: String) -> EditCounts {
  EditCounts(editOperations(reference: characters(of: reference), hypothesis: characters(of: hypothesis)))
}
