// Segments on standard output, as they come.

import Foundation
import Swiftlet

/// Prints the segments of one recording.
struct SegmentPrinter {
  /// How they are shown.
  enum Style {
    case nothing
    /// A line for each.
    case lines(times: Bool, colors: Bool)
    case format(TranscriptWriter)
  }

  private var style: Style

  init(_ style: Style) { self.style = style }

  var printsLines: Bool {
    if case .lines = style { true } else { false }
  }

  mutating func print(_ segment: Segment) throws {
    switch style {
    case .nothing: break
    case .lines(let times, let colors):
      try StandardOutput.print(Self.line(segment, times: times, colors: colors))
    case .format(var writer):
      let text = writer.add(segment)
      style = .format(writer)
      try StandardOutput.write(text)
    }
  }

  /// Prints what is only known at the end.
  mutating func finish(_ transcript: Transcript) throws {
    guard case .format(var writer) = style else { return }
    style = .nothing
    try StandardOutput.write(
      try writer.finish(duration: transcript.duration, timings: transcript.timings))
  }

  static func line(_ segment: Segment, times: Bool, colors: Bool) -> String {
    let text = segment.speakerLabel + (colors ? colored(segment) : segment.text)
    return times ? Self.times(segment.start, segment.end) + text : text
  }

  /// What goes before a text that was said between two moments, in seconds.
  static func times(_ start: Double, _ end: Double) -> String { "[\(clock(start)) --> \(clock(end))] " }

  private static func clock(_ seconds: Double) -> String { Timecode(seconds: seconds).clock(hours: false) }

  /// Each word in its colour; the whole text in that of its mean log-probability where the words are not known.
  private static func colored(_ segment: Segment) -> String {
    guard let words = segment.words, let first = words.first else {
      return colored(segment.text, probability: exp(segment.averageLogProbability))
    }
    let start = first.text.drop { $0.isWhitespace }
    return colored(String(start), probability: first.probability)
      + words.dropFirst().map { colored($0.text, probability: $0.probability) }.joined()
  }

  private static func colored(_ text: String, probability: Double) -> String {
    "\u{1B}[38;5;\(color(probability))m\(text)\u{1B}[0m"
  }

  /// Of the terminal's 256 colours: red, orange, yellow, yellowish green, green.
  private static func color(_ probability: Double) -> Int {
    switch probability {
    case 0.9...: 46
    case 0.7...: 154
    case 0.5...: 226
    case 0.3...: 208
    default: 196
    }
  }
}
