// All that was said in a recording.

/// The transcript of a whole recording.
public struct Transcript: Hashable, Codable, Sendable {
  /// All words, without spaces at either end.
  public var text: String
  /// What was said, stretch by stretch, in the order of their times.
  public var segments: [Segment]
  /// The code of the language that was given, or detected first; nil if there was nothing to detect it in.
  public var language: String?
  /// Seconds of sound.
  public var duration: Double
  /// Where the time went, if that is known.
  public var timings: Timings?

  /// A transcript of these parts.
  public init(
    text: String, segments: [Segment], language: String?, duration: Double, timings: Timings? = nil
  ) {
    self.text = text
    self.segments = segments
    self.language = language
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
      language: segments.first?.language, duration: duration ?? segments.last?.end ?? 0, timings: timings)
  }
}

extension [Segment] {
  /// The text of each with the space that stands before it, so that they can be joined. Chinese, Japanese, Thai and their
  /// like have none; which script it is is told from the letters, because a translation is not in the segment's language.
  var spacedTexts: [String] {
    var last: Unicode.Scalar?
    return map { segment in
      let text = segment.text.trimmingWhitespace
      guard let first = text.unicodeScalars.first else { return "" }
      let isSpaced = first.isWrittenWithSpaces && last?.isWrittenWithSpaces != false
      last = text.unicodeScalars.last
      return isSpaced ? " " + text : text
    }
  }
}

extension Unicode.Scalar {
  /// False for the letters and punctuation of scripts that put no spaces between words.
  fileprivate var isWrittenWithSpaces: Bool {
    switch value {
    case 0x0E00...0x0EFF,  // Thai and Lao
      0x1000...0x109F,  // Myanmar
      0x1780...0x17FF,  // Khmer
      0x2E80...0x9FFF,  // Chinese characters, kana and their punctuation
      0xF900...0xFAFF, 0xFF00...0xFFEF, 0x20000...0x3FFFF:
      false
    default: true
    }
  }
}
