// The formats a transcript can be written in.

/// A file format of transcripts.
public enum OutputFormat: String, Hashable, Codable, Sendable, CaseIterable {
  /// A line of text for each segment.
  case txt
  /// SubRip subtitles.
  case srt
  /// WebVTT subtitles (https://www.w3.org/TR/webvtt1/).
  case vtt
  /// Tab-separated columns: start and end in milliseconds, text.
  case tsv
  /// Comma-separated columns, as ``tsv``, the text in quotation marks (RFC 4180).
  case csv
  /// JSON with openai-whisper's fields.
  case json
  /// JSON with these, the log-probability of every token, and where the time went.
  case jsonFull = "json-full"
  /// Lyrics: each line with the time it begins at.
  case lrc

  /// What files of this format end with, without the dot before it.
  public var fileExtension: String { self == .jsonFull ? "full.json" : rawValue }

  /// Whether text can be written before all segments are known.
  public var isStreamed: Bool { self != .json && self != .jsonFull }
}
