// Where a sentence ends.

/// Where sentences end.
package enum SentenceEnd {
  /// The marks that openai-whisper knows (`add_word_timestamps`).
  package static let whisperMarks = ".。!！?？"
  /// These, and those of other scripts.
  package static let marks = Set(whisperMarks + "…｡।។။؟")
  /// Quotes and brackets that belong to the sentence before them.
  package static let closing: Set<Character> = [
    "\"", "'", "”", "’", ")", "]", "»", "」", "』", "）", "】", "》", "〉",
  ]
  private static let halfWidthMarks: Set<Character> = [".", "?", "!"]
  /// Those of scripts that need no space after them.
  private static let fullWidthMarks: Set<Character> = ["。", "？", "！"]
  private static let titles: Set = [
    "mr", "mrs", "ms", "dr", "st", "prof", "sr", "jr", "rev", "hon", "gen", "capt", "col", "lt", "sgt", "vs",
    "mme", "mlle", "hr", "fr", "dra", "sra", "srta",
  ]

  /// Whether a sentence ends between `text` and what follows it.
  package static func isReached(_ text: String, before next: String) -> Bool {
    guard let following = next.first, !closing.contains(following) else { return false }
    let sentence = text.trimmingSuffix(while: closing.contains)
    guard let mark = sentence.last else { return false }
    if fullWidthMarks.contains(mark) { return !fullWidthMarks.contains(following) }
    guard halfWidthMarks.contains(mark), following.isWhitespace else { return false }
    // A stop within quotes or brackets is no abbreviation's.
    guard mark == ".", sentence.endIndex == text.endIndex else { return true }
    let word = sentence.dropLast().split(whereSeparator: \.isWhitespace).last ?? ""
    let letters = word.drop { !$0.isLetter }.lowercased()
    let isNumero = letters == "no" && next.first(where: { !$0.isWhitespace })?.isNumber ?? false
    return
      !(letters.count == 1 && !word.contains(where: \.isNumber) || word.contains(".")
      || titles.contains(letters) || isNumero)
  }
}
