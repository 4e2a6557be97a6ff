// How words are put into subtitles.

/// The shape of subtitles.
///
/// By default srt and vtt follow common norms: at most two lines of 42 columns, 0.8 to 7 s, breaks where sentences and clauses
/// end. With ``Cues/segments``, or any of the limits of openai-whisper's (`maxLineWidth`, `maxLineCount`,
/// `maxWordsPerLine`, `highlightWords`), they are made by its rules.
public struct SubtitleOptions: Hashable, Codable, Sendable {
  /// What a subtitle is.
  public enum Cues: String, Codable, Sendable, CaseIterable {
    /// As much as can be read at once.
    case subtitles
    /// A whole segment, as openai-whisper writes it.
    case segments
  }

  /// What a subtitle is in srt and vtt, where none of the limits below is given.
  public var cues: Cues
  /// Columns that a line may have, two for a wide character; a longer word stands alone. Nil is no limit.
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
  /// Whether tables (`tsv`, `csv`) have a column for the channel. Only a ``TranscriptWriter`` must be told, which writes the
  /// header before it knows the segments.
  public var channels: Bool

  /// Subtitles of this shape.
  public init(
    cues: Cues = .subtitles, maxLineWidth: Int? = nil, maxLineCount: Int? = nil,
    maxWordsPerLine: Int? = nil, highlightWords: Bool = false, wordTimes: Bool = false, channels: Bool = false
  ) {
    self.cues = cues
    self.maxLineWidth = maxLineWidth
    self.maxLineCount = maxLineCount
    self.maxWordsPerLine = maxWordsPerLine
    self.highlightWords = highlightWords
    self.wordTimes = wordTimes
    self.channels = channels
  }

  /// Whether what is asked for is better with the words' times (``TranscriptionOptions/Words/aligned``). Without them, words
  /// are taken to be spread evenly over their segment, and the limits of openai-whisper's have no effect.
  public var needsWords: Bool { cues == .subtitles || followsOpenAI || wordTimes }

  /// Whether any of openai-whisper's limits is given.
  var followsOpenAI: Bool {
    maxLineWidth != nil || maxLineCount != nil || maxWordsPerLine != nil || highlightWords
  }

  /// Finds out whether the numbers can be meant.
  ///
  /// - Throws: ``SwiftletError/Code/invalidOptions`` for a limit of less than one.
  public func check() throws(SwiftletError) {
    try checkFields(of: "subtitles")
  }

  /// Reads options; those that are missing have their defaults.
  ///
  /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
  public init(from decoder: any Decoder) throws {
    self.init()
    try decode(from: decoder)
  }

  /// Writes all options.
  public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }
}

extension SubtitleOptions: OptionGroup {
  static let fields = [
    OptionField<Self>("cues", \.cues),
    OptionField("maxLineWidth", \.maxLineWidth) { limit($0, "columns in a line") },
    OptionField("maxLineCount", \.maxLineCount) { limit($0, "lines in a subtitle") },
    OptionField("maxWordsPerLine", \.maxWordsPerLine) { limit($0, "words in a line") },
    OptionField("highlightWords", \.highlightWords),
    OptionField("wordTimes", \.wordTimes),
    OptionField("channels", \.channels),
  ]

  private static func limit(_ value: Int?, _ what: String) -> String? {
    unless(value ?? 1, in: 1...(.max), "There can't be \(value ?? 1) \(what); give 1 or more.")
  }
}
