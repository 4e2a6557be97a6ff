// A transcript's text, piece by piece.

#if Server
import Swiftlet

/// Gives the text of segments as they come, such that all pieces together are the transcript's text.
struct DeltaText {
  private var last: Segment?
  private(set) var whole = ""

  /// The text that a segment adds, with the space before it where there is one.
  mutating func add(_ segment: Segment) -> String {
    guard !Transcript(segments: [segment]).text.isEmpty else { return "" }
    // What stands between two segments, the library knows.
    var delta = Transcript(segments: [segment]).text
    if let last {
      let before = Transcript(segments: [last]).text
      delta = String(Transcript(segments: [last, segment]).text.dropFirst(before.count))
    }
    last = segment
    whole += delta
    return delta
  }
}
#endif
