// A transcript's text, piece by piece.

#if Server
import Swiftlet

extension Segment {
  /// The text with the space before it, where its language has spaces: what OpenAI's segments begin with.
  var spacedText: String { spacedText(after: self) }
}

/// Gives the text of segments as they come, such that all pieces together are the transcript's text.
struct DeltaText {
  private var last: Segment?
  private(set) var whole = ""

  /// The text that a segment adds, with the space before it where there is one.
  mutating func add(_ segment: Segment) -> String {
    // The transcript's text begins without a space.
    let delta = last.map { segment.spacedText(after: $0) } ?? Transcript(segments: [segment]).text
    guard !delta.isEmpty else { return "" }
    last = segment
    whole += delta
    return delta
  }
}
#endif
