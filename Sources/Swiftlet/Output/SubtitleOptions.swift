// How words are put into subtitles.

/// The shape of subtitles, with openai-whisper's meaning of each. Without words in the segments nothing here has an effect:
/// every segment is a subtitle.
public struct SubtitleOptions: Hashable, Codable, Sendable {
  /// Characters (Unicode scalars) that a line may have; a longer word stands alone. Nil is no limit.
  public var maxLineWidth: Int?
  /// Lines that a subtitle may have. Together with `maxLineWidth` it makes subtitles regardless of where segments begin, with
  /// a new one after 3 s of silence; otherwise a subtitle ends where its segment does.
  public var maxLineCount: Int?
  /// Words after which a line ends. Nil is no limit.
  public var maxWordsPerLine: Int?
  /// Underline each word while it is spoken, with a subtitle of its own (`srt`, `vtt`).
  public var highlightWords: Bool
  /// Write into the subtitle when each word begins (`vtt`, where it replaces the underlining, and `lrc`).
  public var wordTimes: Bool

  /// Subtitles with these limits; without any, every segment is a subtitle.
  public init(
    maxLineWidth: Int? = nil, maxLineCount: Int? = nil, maxWordsPerLine: Int? = nil,
    highlightWords: Bool = false, wordTimes: Bool = false
  ) {
    self.maxLineWidth = maxLineWidth
    self.maxLineCount = maxLineCount
    self.maxWordsPerLine = maxWordsPerLine
    self.highlightWords = highlightWords
    self.wordTimes = wordTimes
  }

  /// Whether what is asked for needs the words' times.
  public var needsWords: Bool {
    maxLineWidth != nil || maxLineCount != nil || maxWordsPerLine != nil || highlightWords || wordTimes
  }

  /// Finds out whether the numbers can be meant.
  ///
  /// - Throws: ``InvalidRequest`` for a limit of less than one.
  public func check() throws(InvalidRequest) {
    for (limit, what) in [
      (maxLineWidth, "characters a line"), (maxLineCount, "lines a subtitle"),
      (maxWordsPerLine, "words a line"),
    ] {
      if let limit, limit < 1 {
        throw InvalidRequest(description: "There cannot be \(limit) \(what); give 1 or more.")
      }
    }
  }
}
