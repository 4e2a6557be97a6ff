// Subtitles as SubRip, WebVTT, lyrics and tables write them.

import SwiftletText

extension SubtitleCue {
  /// A numbered subtitle of SubRip. The format has no way to write an arrow of its timing line, which becomes `->`.
  func subRip(number: Int) -> String {
    let text = (label + underlined { $0 }).replacing("-->", with: "->")
    return "\(number)\n\(start.clock(hours: true, decimalMark: ",")) --> "
      + "\(end.clock(hours: true, decimalMark: ","))\n\(text)\n\n"
  }

  /// A subtitle of WebVTT, in which `&`, `<` and `>` are escaped.
  ///
  /// - Parameter wordTimes: write before each word but the first when it begins.
  func webVTT(wordTimes: Bool) -> String {
    // The voice goes on to the end of the subtitle (section 3.2 of the standard allows that).
    let voice = channel.map { "<v \(speakerName(channel: $0).escapedForWebVTT)>" } ?? ""
    let text = voice + (wordTimes ? timed : underlined(\.escapedForWebVTT))
    return "\(start.clock(hours: false)) --> \(end.clock(hours: false))\n\(text)\n\n"
  }

  /// A line of lyrics.
  ///
  /// - Parameter wordTimes: write before each word when it begins, as enhanced LRC does.
  func lyrics(wordTimes: Bool) -> String {
    var last = ""
    let words = pieces.map { piece in
      let (space, word) = piece.text.splittingSpace
      // Where a line was broken there need not have been a space.
      let isSpaced = space.contains("\n") ? last.isSpaced(before: word) : !space.isEmpty
      last = word
      let time = wordTimes ? "<\(Timecode(milliseconds: piece.time.start).lyricsClock)>" : ""
      return (isSpaced ? " " : "") + time + word
    }
    return "[\(start.lyricsClock)]\(label)\(words.joined())\n"
  }

  /// A row of a table: start and end in milliseconds, text, and the channel if there is a column for it.
  func row(separator: String, channel: String?, quoted: (String) -> String) -> String {
    let text = pieces.map(\.text).joined().withoutLineBreaks
    return ([String(time.start), String(time.end), quoted(text)] + (channel.map { [$0] } ?? []))
      .joined(separator: separator) + "\n"
  }

  /// Who speaks, before the text.
  private var label: String { channel.map { speakerName(channel: $0) + ": " } ?? "" }

  private func underlined(_ escaped: (String) -> String) -> String {
    pieces.enumerated().map { index, piece in
      guard index == current else { return escaped(piece.text) }
      let (space, word) = piece.text.splittingSpace
      return "\(space)<u>\(escaped(word))</u>"
    }.joined()
  }

  /// Times within a subtitle must lie inside it and rise (https://www.w3.org/TR/webvtt1/, section 3.4); those that do not
  /// are left out.
  private var timed: String {
    var last = time.start
    return pieces.map { piece in
      let (space, word) = piece.text.splittingSpace
      guard piece.time.start > last, piece.time.start < time.end else { return piece.text.escapedForWebVTT }
      last = piece.time.start
      return "\(space)<\(Timecode(milliseconds: last).clock(hours: true))>\(word.escapedForWebVTT)"
    }.joined()
  }
}

extension String {
  fileprivate var escapedForWebVTT: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  /// The white space that a word begins with, and the rest.
  fileprivate var splittingSpace: (space: Substring, word: String) {
    let space = prefix { $0.isWhitespace }
    return (space, String(self[space.endIndex...]))
  }
}
