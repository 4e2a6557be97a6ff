// Independent readers of subtitles and tables, and what must be true of them.

import Swiftlet
import Testing

/// A subtitle or a row as a reader finds it; times are milliseconds.
struct ReadCue: Equatable {
  var start: Int
  var end: Int
  var text: String
  /// As it names the speaker.
  var speaker: String?

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}

enum SubtitleReading {
  /// A text in any format that has times.
  static func read(_ text: String, as format: OutputFormat) throws -> [ReadCue] {
    switch format {
    case .srt: try srt(text)
    case .vtt: try vtt(text)
    case .tsv: try tsv(text)
    case .csv: try csv(text)
    default: try lrc(text)
    }
  }

  static func srt(_ text: String) throws -> [ReadCue] {
    try blocks(text).enumerated().map { index, lines in
      #expect(lines.first == "\(index + 1)")
      return try cue(Array(lines.dropFirst()), decimalMark: ",")
    }
  }

  static func vtt(_ text: String) throws -> [ReadCue] {
    let blocks = blocks(text)
    #expect(blocks.first == ["WEBVTT"])
    return try blocks.dropFirst().map { lines in
      var cue = try cue(Array(lines), decimalMark: ".")
      if cue.text.hasPrefix("<v "), let end = cue.text.firstIndex(of: ">") {
        cue.speaker = String(cue.text[cue.text.index(cue.text.startIndex, offsetBy: 3)..<end])
      }
      cue.text = withoutTags(cue.text).replacing("&lt;", with: "<").replacing("&gt;", with: ">")
        .replacing("&amp;", with: "&")
      return cue
    }
  }

  /// Tab-separated; text has no tabs.
  static func tsv(_ text: String) throws -> [ReadCue] {
    try text.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      return ReadCue(
        start: try #require(Int(fields[0])), end: try #require(Int(fields[1])), text: String(fields[2]),
        speaker: fields.count > 3 ? String(fields[3]) : nil)
    }
  }

  static func csv(_ text: String) throws -> [ReadCue] {
    try text.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
      let closing = try #require(fields[2].lastIndex(of: "\""))
      let quoted = String(fields[2][..<closing].dropFirst())
      let rest = String(fields[2][closing...].dropFirst(2))
      return ReadCue(
        start: try #require(Int(fields[0])), end: try #require(Int(fields[1])),
        text: quoted.replacing("\"\"", with: "\""), speaker: rest.isEmpty ? nil : rest)
    }
  }

  /// Lines have no end; it is where the next begins.
  static func lrc(_ text: String) throws -> [ReadCue] {
    let lines = text.split(separator: "\n")
    let starts = try lines.map { line in
      let parts = line.dropFirst().prefix { $0 != "]" }.split(whereSeparator: { ":.".contains($0) })
      let numbers = try parts.map { try #require(Int($0)) }
      return numbers[0] * 60_000 + numbers[1] * 1_000 + numbers[2] * 10
    }
    return zip(lines, starts).enumerated().map { index, line in
      ReadCue(
        start: line.1, end: index + 1 < starts.count ? starts[index + 1] : line.1 + 1,
        text: withoutTags(String(line.0.drop { $0 != "]" }.dropFirst())))
    }
  }

  static func withoutTags(_ text: String) -> String {
    var depth = 0
    return text.filter { character in
      if character == "<" { depth += 1 }
      defer { if character == ">" { depth = max(0, depth - 1) } }
      return depth == 0
    }
  }

  private static func blocks(_ text: String) -> [[Substring]] {
    var blocks: [[Substring]] = []
    var isOpen = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        isOpen = false
      } else if isOpen {
        blocks[blocks.count - 1].append(line)
      } else {
        blocks.append([line])
        isOpen = true
      }
    }
    return blocks
  }

  private static func cue(_ lines: [Substring], decimalMark: Character) throws -> ReadCue {
    let times = try #require(lines.first).split(separator: " ")
    try #require(times.count == 3 && times[1] == "-->")
    func milliseconds(_ clock: Substring) throws -> Int {
      let parts = clock.split(separator: decimalMark)
      let seconds = try parts[0].split(separator: ":").reduce(0) { 60 * $0 + (try #require(Int($1))) }
      return seconds * 1_000 + (try #require(Int(parts[1])))
    }
    return ReadCue(
      start: try milliseconds(times[0]), end: try milliseconds(times[2]),
      text: lines.dropFirst().joined(separator: "\n"))
  }
}

extension [ReadCue] {
  /// Each lasts 0.1 s or more, or `least`, none begins before the one before it ends, and none ends after the sound.
  func isInOrder(duration: Int, least: Int = 100) -> Bool {
    allSatisfy { $0.start >= 0 && $0.end - $0.start >= least && $0.end <= duration }
      && zip(self, dropFirst()).allSatisfy { $0.end <= $1.start }
  }

  /// What is said, without spaces and lines.
  var letters: String { map(\.text).joined().filter { !$0.isWhitespace } }
  var words: [Substring] { flatMap { $0.text.split(whereSeparator: \.isWhitespace) } }
}
