// Rules against text that repeats itself; openai-whisper has none of them, faster-whisper has both.

/// Makes the words that were already written less probable: their logits are divided by the penalty where they are positive
/// and multiplied by it where they are negative (Keskar et al., "CTRL", 2019, section 4.1).
///
/// Of this window's words alone, each once; timestamps, which come in pairs of equals, are left alone.
struct RepetitionPenalty: Hashable, Sendable {
  var penalty: Float
  /// All ids below are text.
  var endOfText: Int

  func apply(to row: inout MutableSpan<Float>, after tokens: [Int]) {
    for (index, token) in tokens.enumerated()
    where token < endOfText && !tokens[..<index].contains(token) {
      row[token] = row[token] > 0 ? row[token] / penalty : row[token] * penalty
    }
  }
}

/// Never writes a run of `size` words a second time; timestamps between them do not count.
struct RepeatedNGrams: Hashable, Sendable {
  var size: Int
  /// All ids below are text.
  var endOfText: Int

  func apply(to row: inout MutableSpan<Float>, after tokens: [Int]) {
    let words = tokens.filter { $0 < endOfText }
    guard words.count >= size else { return }
    let beginning = words.suffix(size - 1)
    for end in size - 1..<words.count where words[end - size + 1..<end].elementsEqual(beginning) {
      row[words[end]] = -.infinity
    }
  }
}
