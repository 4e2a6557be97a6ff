// Transcripts as text in any format, at once or segment by segment.

/// Writes a transcript as its segments come.
///
/// ```swift
/// var writer = TranscriptWriter(.srt)
/// for try await segment in transcriber.segments(of: .file(url)) { print(writer.add(segment), terminator: "") }
/// print(try writer.finish(), terminator: "")
/// ```
///
/// Whatever times the segments have, each subtitle and row begins before it ends, none before the end of the one before it (in
/// the same channel), and none ends after the sound.
public struct TranscriptWriter: Sendable {
  private let format: OutputFormat
  private let options: SubtitleOptions
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
    self.init(format, options, waits: false)
  }

  fileprivate init(_ format: OutputFormat, _ options: SubtitleOptions, waits: Bool) {
    self.format = format
    self.options = options
    var shape = options
    if format == .lrc || (format == .vtt && options.wordTimes) { shape.highlightWords = false }
    let content: SubtitleCues.Content =
      switch format {
      case .srt, .vtt: options.cues == .subtitles && !options.followsOpenAI ? .readable : .openAI
      case .lrc: .openAI
      default: .segments
      }
    cues = SubtitleCues(content, shape, labels: format == .srt, waits: waits)
  }

  /// The text that can be written now that `segment` is known. It may be that of earlier segments, because where a subtitle
  /// ends depends on what follows; empty for formats that are written at the end.
  public mutating func add(_ segment: Segment) -> String {
    if !format.isStreamed {
      segments.append(segment)
      return ""
    }
    guard format == .txt else { return beginning() + cues.add(segment).map { self.text(of: $0) }.joined() }
    let text = segment.text.onOneLine
    return text.isEmpty ? "" : segment.speakerLabel + text + "\n"
  }

  /// The rest of the text.
  ///
  /// - Parameters:
  ///   - duration: seconds of sound; to the end of the last segment if nil.
  ///   - timings: where the time went, for ``OutputFormat/jsonFull``.
  /// - Throws: an error of `JSONEncoder`.
  public mutating func finish(duration: Double? = nil, timings: Timings? = nil) throws -> String {
    try end(Transcript(segments: segments, duration: duration, timings: timings), duration: duration)
  }

  /// - Parameter duration: nil if it is not known.
  fileprivate mutating func end(_ transcript: Transcript, duration: Double?) throws -> String {
    guard format.isStreamed else {
      return try TranscriptJSON(transcript, full: format == .jsonFull).line
    }
    return beginning()
      + cues.finish(end: duration.flatMap(TimeSpan.lastMillisecond)).map { text(of: $0) }.joined()
  }

  /// What comes before the first segment.
  private mutating func beginning() -> String {
    guard !hasBegun else { return "" }
    hasBegun = true
    return switch format {
    case .vtt: "WEBVTT\n\n"
    case .tsv: "start\tend\ttext\(options.channels ? "\tchannel" : "")\n"
    case .csv: "start,end,text\(options.channels ? ",channel" : "")\n"
    default: ""
    }
  }

  private mutating func text(of cue: SubtitleCue) -> String {
    subtitles += 1
    let channel = options.channels ? cue.channel.map(String.init) ?? "" : nil
    return switch format {
    case .vtt: cue.webVTT(wordTimes: options.wordTimes)
    case .lrc: cue.lyrics(wordTimes: options.wordTimes)
    case .tsv: cue.row(separator: "\t", channel: channel) { $0.replacing("\t", with: " ") }
    case .csv: cue.row(separator: ",", channel: channel) { "\"\($0.replacing("\"", with: "\"\""))\"" }
    default: cue.subRip(number: subtitles)
    }
  }
}

extension Segment {
  /// Who speaks, before the text; empty if channels are not apart.
  package var speakerLabel: String { channel.map { speakerName(channel: $0) + ": " } ?? "" }
}

extension [Segment] {
  /// The last moment that is one.
  var latestEnd: Double { reduce(0) { $1.end.isFinite ? Swift.max($0, $1.end) : $0 } }
}

extension Transcript {
  /// The transcript in a file format.
  ///
  /// - Parameters:
  ///   - format: of the text.
  ///   - subtitles: the shape of subtitles, where the format has any.
  /// - Throws: an error of `JSONEncoder`.
  public func formatted(
    as format: OutputFormat, subtitles: SubtitleOptions = SubtitleOptions()
  ) throws -> String {
    var options = subtitles
    options.channels = options.channels || segments.contains { $0.channel != nil }
    var writer = TranscriptWriter(format, options, waits: true)
    let end = duration.isFinite ? duration : segments.latestEnd
    // Text is written as it was said; what has times, by these.
    let ordered = format == .txt ? segments : segments.inOrder
    return ordered.map { writer.add($0) }.joined() + (try writer.end(self, duration: end))
  }
}
