// All that was said in a recording.

import SwiftletText

/// The transcript of a whole recording.
public struct Transcript: Hashable, Codable, Sendable {
  /// All words, without spaces at either end.
  public var text: String
  /// What was said, stretch by stretch, in the order of their times.
  public var segments: [Segment]
  /// The code of the language that was given, or detected first; nil if there was nothing to detect it in.
  public var language: String?
  /// How probable the language was that was detected first; nil if it was given.
  public var languageProbability: Double?
  /// Seconds of sound.
  public var duration: Double
  /// Where the time went, if that is known.
  public var timings: Timings?

  /// A transcript of these parts.
  public init(
    text: String, segments: [Segment], language: String?, languageProbability: Double? = nil,
    duration: Double, timings: Timings? = nil
  ) {
    self.text = text
    self.segments = segments
    self.language = language
    self.languageProbability = languageProbability
    self.duration = duration
    self.timings = timings
  }

  /// A transcript of `segments`, its text theirs one after the other.
  ///
  /// - Parameters:
  ///   - segments: what was said.
  ///   - duration: seconds of sound; to the end of the last segment if nil.
  ///   - timings: where the time went.
  public init(segments: [Segment], duration: Double? = nil, timings: Timings? = nil) {
    self.init(
      text: segments.spacedTexts.joined().trimmingWhitespace, segments: segments,
      language: segments.first?.language, languageProbability: segments.first?.languageProbability,
      duration: duration ?? segments.latestEnd, timings: timings)
  }
}

extension Segment {
  /// The text with the space before it, where its script has spaces: put together, such texts are a transcript's.
  ///
  /// - Parameter previous: the segment before it that has text; nil for the first, whose text has the space, too, as Whisper's
  ///   first tokens do.
  public func spacedText(after previous: Segment? = nil) -> String {
    let text = self.text.trimmingWhitespace
    guard !text.isEmpty else { return "" }
    return (previous?.text ?? "").isSpaced(before: text) ? " " + text : text
  }
}

extension [Segment] {
  /// The text of each with the space that stands before it, so that they can be joined.
  var spacedTexts: [String] {
    var last: Segment?
    return map { segment in
      let text = segment.spacedText(after: last)
      if !text.isEmpty { last = segment }
      return text
    }
  }
}
