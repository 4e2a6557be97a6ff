// Words to subtitles: which of them stand on one line and in one subtitle.

/// One subtitle: what is shown from one moment to another.
struct SubtitleCue: Equatable {
  var start: Timecode
  var end: Timecode
  /// The words, each with the space or the line break before it; or a whole segment.
  var pieces: [Piece]
  /// The piece that is spoken, where it is to be seen.
  var current: Int?

  struct Piece: Equatable {
    var text: String
    var start: Timecode
    var end: Timecode
  }
}

/// Puts words into subtitles by the rules of openai-whisper's `SubtitlesWriter`, segment by segment.
struct SubtitleCues {
  private let options: SubtitleOptions
  private let keepsSegments: Bool
  private let lineWidth: Int
  private let wordsPerLine: Int

  private var lineLength = 0
  private var lineCount = 1
  private var pieces: [SubtitleCue.Piece] = []
  private var lastStart: Double?

  /// Seconds between the beginnings of two words after which a subtitle ends, unless it ends with its segment anyway.
  private static let longPause = 3.0
  /// What openai-whisper has in place of no limit.
  private static let noLimit = 1_000

  init(_ options: SubtitleOptions) {
    self.options = options
    keepsSegments = options.maxLineCount == nil || options.maxLineWidth == nil
    lineWidth = options.maxLineWidth ?? Self.noLimit
    wordsPerLine = options.maxWordsPerLine ?? Self.noLimit
  }

  /// The subtitles that are complete with this segment.
  mutating func add(_ segment: Segment) -> [SubtitleCue] {
    guard let words = segment.words else {
      let text = segment.text.onOneLine
      guard !text.isEmpty else { return [] }
      let (start, end) = (Timecode(seconds: segment.start), Timecode(seconds: segment.end))
      return finish() + [
        SubtitleCue(start: start, end: end, pieces: [.init(text: text, start: start, end: end)])
      ]
    }
    var cues: [SubtitleCue] = []
    for (index, word) in words.enumerated() {
      if keepsSegments, index % wordsPerLine == 0 { cues += finish() }
      cues += add(word)
    }
    // What comes next in this mode is in a subtitle of its own, so that there is nothing to wait for.
    if keepsSegments { cues += finish() }
    return cues
  }

  /// The last subtitle, if there is one.
  mutating func finish() -> [SubtitleCue] {
    defer {
      pieces = []
      lineLength = 0
      lineCount = 1
    }
    return cues
  }

  private mutating func add(_ word: Word) -> [SubtitleCue] {
    var finished: [SubtitleCue] = []
    var text = word.text.withoutLineBreaks
    let pause = word.start - (lastStart ?? word.start)
    let isLongPause = !keepsSegments && pause > Self.longPause
    let hasRoom = lineLength + text.unicodeScalars.count <= lineWidth
    if lineLength > 0, hasRoom, !isLongPause {
      lineLength += text.unicodeScalars.count
    } else {
      text = text.trimmingWhitespace
      let length = text.unicodeScalars.count
      let isFull = options.maxLineCount.map { isLongPause || lineCount >= $0 } ?? false
      if !pieces.isEmpty, isFull {
        finished = finish()
      } else if lineLength > 0 {
        lineCount += 1
        text = "\n" + text
      }
      lineLength = length
    }
    pieces.append(
      SubtitleCue.Piece(
        text: text, start: Timecode(seconds: word.start), end: Timecode(seconds: word.end)))
    lastStart = word.start
    return finished
  }

  /// What has been gathered as one subtitle, or as one for each word that is spoken and one for each pause between them.
  private var cues: [SubtitleCue] {
    guard let first = pieces.first, let last = pieces.last else { return [] }
    guard options.highlightWords else {
      return [SubtitleCue(start: first.start, end: last.end, pieces: pieces)]
    }
    var cues: [SubtitleCue] = []
    var shownUntil = first.start
    for (index, piece) in pieces.enumerated() {
      if shownUntil != piece.start {
        cues.append(SubtitleCue(start: shownUntil, end: piece.start, pieces: pieces))
      }
      cues.append(SubtitleCue(start: piece.start, end: piece.end, pieces: pieces, current: index))
      shownUntil = piece.end
    }
    return cues
  }
}
