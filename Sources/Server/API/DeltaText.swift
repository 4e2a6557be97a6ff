// A transcript's text, piece by piece.

#if Server
import Swiftlet

extension Segment {
  /// The text with the space before it, where its language has spaces: what OpenAI's segments begin with.
  var spacedText: String { SegmentText.joining(self, after: self) }
}

/// What stands between two segments, the library knows.
private enum SegmentText {
  static func alone(_ segment: Segment) -> String { Transcript(segments: [segment]).text }

  static func joining(_ segment: Segment, after last: Segment) -> String {
    String(Transcript(segments: [last, segment]).text.dropFirst(alone(last).count))
  }
}

/// Gives the text of segments as they come, such that all pieces together are the transcript's text.
struct DeltaText {
  private var last: Segment?
  private(set) var whole = ""

  /// The text that a segment adds, with the space before it where there is one.
  mutating func add(_ segment: Segment) -> String {
    let text = SegmentText.alone(segment)
    guard !text.isEmpty else { return "" }
    let delta = last.map { SegmentText.joining(segment, after: $0) } ?? text
    last = segment
    whole += delta
    return delta
  }
}
#endif
