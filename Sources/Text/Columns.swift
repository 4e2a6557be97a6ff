// How wide text is in a terminal, or in a subtitle's line.

extension String {
  /// Columns that the text takes up where every character has a whole number of them: two for East Asian wide and fullwidth
  /// characters and for emoji, none for combining marks and what is not seen, one for all others.
  package var columns: Int { reduce(0) { $0 + $1.columns } }
}

extension Character {
  /// Columns of one character with all its marks.
  package var columns: Int {
    var columns = 0
    var isEmoji = false
    for scalar in unicodeScalars {
      columns += scalar.columns
      // Sequences of emoji (flags, families, keycaps, those with U+FE0F) are shown as one.
      isEmoji = isEmoji || scalar.properties.isEmojiPresentation || scalar == "\u{FE0F}"
    }
    return isEmoji ? min(2, 2 * columns) : columns
  }
}

extension Unicode.Scalar {
  fileprivate var columns: Int {
    if (0x20...0x7E).contains(value) { return 1 }
    if isInvisible { return 0 }
    return properties.isEmojiPresentation || isWide ? 2 : 1
  }

  /// Marks, controls and format characters (but the soft hyphen), and the vowels and final consonants that Hangul syllables
  /// are put together with.
  private var isInvisible: Bool {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .spacingMark, .control, .lineSeparator, .paragraphSeparator: true
    case .format: value != 0xAD
    default: (0x1160...0x11FF).contains(value) || (0xD7B0...0xD7FF).contains(value)
    }
  }

  /// Whether it is W or F in EastAsianWidth.txt of Unicode 17 (https://www.unicode.org/Public/17.0.0/ucd/EastAsianWidth.txt)
  /// and no emoji, which Swift knows itself. Gaps that no character is assigned in are left out.
  private var isWide: Bool {
    switch value {
    case 0x1100...0x115F,  // Hangul
      0x2329...0x232A, 0x2630...0x2637, 0x268A...0x268F,
      0x2E80...0x303E,  // radicals, punctuation
      0x3041...0xA4CF,  // kana, Chinese characters, Yi
      0xA960...0xA97F, 0xAC00...0xD7A3,  // Hangul
      0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
      0xFF01...0xFF60, 0xFFE0...0xFFE6,  // fullwidth
      0x16FE0...0x18DFF,  // Tangut, Khitan
      0x1AFF0...0x1B2FF,  // kana
      0x1D300...0x1D37F, 0x1F200...0x1F265, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
