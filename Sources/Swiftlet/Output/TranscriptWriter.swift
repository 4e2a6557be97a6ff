// Transcripts as text in any format, at once or segment by segment.

/// Writes a transcript as its segments come.
///
/// ```swift
/// var writer = TranscriptWriter(.srt)
/// for try await segment in transcriber.segments(of: "talk.flac") { print(writer.add(segment), terminator: "") }
/// print(try writer.finish(), terminator: "")
/// ```
public struct TranscriptWriter: Sendable {
  private let format: OutputFormat
  private let wordTimes: Bool
  private var cues: SubtitleCues
  private var hasBegun = false
  private var subtitles = 0
  /// Of formats that are written at the end.
  private var segments: [Segment] = []

  /// A writer of one transcript.
  ///
  /// - Parameters:
  ///   - format: of the text.
  ///   - options: the shape of subtitles, where the format has any.
  public init(_ format: OutputFormat, subtitles options: SubtitleOptions = SubtitleOptions()) {
    self.format = format
    wordTimes = options.wordTimes
    var options = options
    if format == .lrc || (format == .vtt && wordTimes) { options.highlightWords = false }
    cues = SubtitleCues(options)
  }

  /// The text that can be written now that `segment` is known; empty for formats that are written at the end.
  public mutating func add(_ segment: Segment) -> String {
    if !format.isStreamed { segments.append(segment) }
    return beginning() + lines(of: segment)
  }

  /// The rest of the text.
  ///
  /// - Parameters:
  ///   - duration: seconds of sound; to the end of the last segment if nil.
  ///   - timings: where the time went, for ``OutputFormat/jsonFull``.
  /// - Throws: an error of `JSONEncoder` for a time that is no number.
  public mutating func finish(duration: Double? = nil, timings: Timings? = nil) throws -> String {
    try end(Transcript(segments: segments, duration: duration, timings: timings))
  }

  fileprivate mutating func end(_ transcript: Transcript) throws -> String {
    guard format.isStreamed else {
      return try TranscriptJSON(transcript, full: format == .jsonFull).line
    }
    return beginning() + cues.finish().map { text(of: $0) }.joined()
  }

  /// What comes before the first segment.
  private mutating func beginning() -> String {
    guard !hasBegun else { return "" }
    hasBegun = true
    return switch format {
    case .vtt: "WEBVTT\n\n"
    case .tsv: "start\tend\ttext\n"
    case .csv: "start,end,text\n"
    default: ""
    }
  }

  private mutating func lines(of segment: Segment) -> String {
    switch format {
    case .json, .jsonFull: return ""
    case .srt, .vtt, .lrc: return cues.add(segment).map { text(of: $0) }.joined()
    case .txt, .tsv, .csv:
      let text = segment.text.onOneLine
      guard !text.isEmpty else { return "" }
      let start = Timecode(seconds: segment.start).milliseconds
      let end = Timecode(seconds: segment.end).milliseconds
      return switch format {
      case .tsv: "\(start)\t\(end)\t\(text.replacing("\t", with: " "))\n"
      case .csv: "\(start),\(end),\"\(text.replacing("\"", with: "\"\""))\"\n"
      default: text + "\n"
      }
    }
  }

  private mutating func text(of cue: SubtitleCue) -> String {
    subtitles += 1
    return switch format {
    case .vtt: cue.webVTT(wordTimes: wordTimes)
    case .lrc: cue.lyrics(wordTimes: wordTimes)
    default: cue.subRip(number: subtitles)
    }
  }
}

extension Transcript {
  /// The transcript in a file format.
  ///
  /// - Parameters:
  ///   - format: of the text.
  ///   - subtitles: the shape of subtitles, where the format has any.
  /// - Throws: an error of `JSONEncoder` for a time that is no number.
  public func formatted(
    as format: OutputFormat, subtitles: SubtitleOptions = SubtitleOptions()
  ) throws -> String {
    var writer = TranscriptWriter(format, subtitles: subtitles)
    return segments.map { writer.add($0) }.joined() + (try writer.end(self))
  }
}
