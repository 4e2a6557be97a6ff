// Word and character errors of one text against another.

/// Counts the words of `hypothesis` that are wrong, as jiwer's `process_words` does.
///
/// The texts are compared as they are; normalize them before.
package func wordErrors(reference: String, hypothesis: String) -> EditCounts {
  EditCounts(wordOperations(reference: reference, hypothesis: hypothesis))
}

func wordOperations(reference: String, hypothesis: String) -> [EditOperation] {
  editOperations(reference: words(of: reference), hypothesis: words(of: hypothesis))
}

/// Counts the characters (Unicode scalars, spaces too) that are wrong, as jiwer's `process_characters` does.
package func characterErrors(reference: String, hypothesis: String) -> EditCounts {
  EditCounts(editOperations(reference: characters(of: reference), hypothesis: characters(of: hypothesis)))
}
