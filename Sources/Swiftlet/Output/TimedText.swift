// A segment as subtitles take it: its text, and the best that is known of when each part was said.

import SwiftletText

struct TimedText {
  /// On one line.
  let text: String
  /// Milliseconds.
  let time: TimeSpan
  /// The words, each with the space before it; the whole text if it is not known when they were said.
  let words: [SubtitleCue.Piece]
  let hasWords: Bool

  /// - Parameter end: milliseconds at which the segment before ends; it stands for what is no time.
  init(_ segment: Segment, after end: Int) {
    text = segment.text.onOneLine
    time = TimeSpan(start: segment.start, end: segment.end) ?? TimeSpan(start: end, end: end)
    var words: [SubtitleCue.Piece] = []
    var space = ""
    for word in segment.words ?? [] {
      let before = words.last?.time.end ?? time.start
      let text = space + word.text.withoutLineBreaks
      // A word that is nothing but a space belongs to the next.
      space = text.trimmingWhitespace.isEmpty ? text : ""
      guard space.isEmpty, !text.isEmpty else { continue }
      words.append(
        SubtitleCue.Piece(
          text: text,
          time: TimeSpan(start: word.start, end: word.end) ?? TimeSpan(start: before, end: before)))
    }
    // A word that goes on in the next segment is not what the segment says.
    hasWords =
      segment.words != nil && words.map(\.text).joined().letters.elementsEqual(text.letters)
    if hasWords {
      self.words = words.joined
    } else {
      self.words = text.isEmpty ? [] : [SubtitleCue.Piece(text: text, time: time)]
    }
  }
}

extension [SubtitleCue.Piece] {
  /// With those together that no line may be broken between: Whisper's words are at times parts of words.
  fileprivate var joined: [SubtitleCue.Piece] {
    reduce(into: []) { joined, piece in
      if let last = joined.last?.text.last, let next = piece.text.first,
        !LineBreaking.isAllowed(between: last, and: next)
      {
        joined[joined.count - 1].text += piece.text
        joined[joined.count - 1].time.end = piece.time.end
      } else {
        joined.append(piece)
      }
    }
  }
}

extension String {
  fileprivate var letters: some Sequence<Unicode.Scalar> {
    unicodeScalars.lazy.filter { !$0.properties.isWhitespace }
  }
}

extension SubtitleCue.Piece {
  /// Cut where lines may be broken, and in any case after `width` columns. Each part has as much of the time as it has of the
  /// columns.
  var atoms: [SubtitleCue.Piece] {
    let characters = Array(text)
    var parts: [Range<Int>] = []
    var begin = 0
    for index in characters.indices.dropFirst()
    where LineBreaking.isAllowed(between: characters[index - 1], and: characters[index]) {
      parts.append(begin..<index)
      begin = index
    }
    parts.append(begin..<characters.count)
    return cut(parts.map { String(characters[$0]) })
  }

  /// Cut where lines may be broken if it is wider than this.
  func divided(width: Int) -> [SubtitleCue.Piece] {
    guard text.trimmingWhitespace.columns > width else { return [self] }
    return atoms
  }

  /// Cut into parts of at most so many columns; at least one character each.
  func cut(width: Int) -> [SubtitleCue.Piece] {
    guard text.trimmingWhitespace.columns > width else { return [self] }
    var parts: [String] = []
    for character in text {
      if let last = parts.last, (last + String(character)).trimmingWhitespace.columns <= width {
        parts[parts.count - 1].append(character)
      } else {
        parts.append(String(character))
      }
    }
    return cut(parts)
  }

  private func cut(_ parts: [String]) -> [SubtitleCue.Piece] {
    guard parts.count > 1 else { return [self] }
    let columns = parts.map { max(1, $0.trimmingWhitespace.columns) }
    let total = Double(columns.reduce(0, +))
    let length = Double(time.end - time.start)
    var passed = 0
    return zip(parts, columns).map { text, columns in
      let start = time.start + Int(length * Double(passed) / total)
      passed += columns
      return SubtitleCue.Piece(
        text: text, time: TimeSpan(start: start, end: time.start + Int(length * Double(passed) / total)))
    }
  }
}
