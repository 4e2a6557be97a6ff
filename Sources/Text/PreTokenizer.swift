// Cuts text into the pieces inside which merges happen.

/// The pieces that GPT-2's pattern finds, one after the other, as ranges of UTF-8 offsets:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// (`encoder.py` of GPT-2; the same in openai-whisper.) In words: an English ending after an apostrophe; else
/// a run of letters, of numbers or of other visible characters, with one space before it if there is one;
/// else a run of white space, whose last character is left over if something visible follows. The pieces
/// cover the whole text.
struct PreTokenizer: Sequence, IteratorProtocol {
  private var scalars: String.UnicodeScalarView.Iterator
  /// The scalar at `offset` and its class, nil at the end.
  private var current: (scalar: Unicode.Scalar, kind: ScalarClass)?
  private var offset = 0

  init(_ text: String) {
    scalars = text.unicodeScalars.makeIterator()
    current = scalars.next().map { ($0, ScalarClass($0)) }
  }

  mutating func next() -> Range<Int>? {
    guard let first = current else { return nil }
    let start = offset
    switch first.kind {
    case .whitespace: takeWhitespace(from: first.scalar)
    case .other where first.scalar == "'": takeApostrophe()
    case let kind: take(while: kind)
    }
    return start..<offset
  }

  private mutating func advance() {
    guard let passed = current else { return }
    offset += UTF8.width(passed.scalar)
    current = scalars.next().map { ($0, ScalarClass($0)) }
  }

  private mutating func take(while kind: ScalarClass) {
    while current?.kind == kind { advance() }
  }

  /// White space begins here. The run ends before its last character if something visible follows, unless
  /// that character is the only one; a last space then opens the next piece, any other is a piece by itself.
  private mutating func takeWhitespace(from first: Unicode.Scalar) {
    advance()
    guard let second = current else { return }
    guard second.kind == .whitespace else {
      if first == " " { take(while: second.kind) }
      return
    }
    // `last` is the white space that was seen but is not yet part of the piece.
    while let last = current, last.kind == .whitespace {
      var ahead = self
      ahead.advance()
      guard let following = ahead.current else {
        self = ahead
        return
      }
      guard following.kind == .whitespace else { return }
      self = ahead
    }
  }

  /// An apostrophe begins here: `'s`, `'re` and their like are pieces; any other opens a run of visible
  /// characters.
  private mutating func takeApostrophe() {
    var ahead = self
    ahead.advance()
    switch ahead.current?.scalar {
    case "s", "t", "m", "d":
      ahead.advance()
      self = ahead
      return
    case "r", "v", "l":
      let expected: Unicode.Scalar = ahead.current?.scalar == "l" ? "l" : "e"
      ahead.advance()
      if ahead.current?.scalar == expected {
        ahead.advance()
        self = ahead
        return
      }
    default: break
    }
    take(while: .other)
  }
}
