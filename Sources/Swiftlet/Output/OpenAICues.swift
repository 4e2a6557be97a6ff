// Words to subtitles by the rules of openai-whisper's `SubtitlesWriter`, segment by segment.

import SwiftletText

struct OpenAICues {
  private let options: SubtitleOptions
  private let keepsSegments: Bool
  private let lineWidth: Int
  private let wordsPerLine: Int
  /// Columns of what stands before a subtitle's text.
  private let label: Int

  private var lineLength = 0
  private var lineCount = 1
  private var pieces: [SubtitleCue.Piece] = []
  private var lastStart: Int?

  /// Milliseconds between the beginnings of two words after which a subtitle ends, unless it ends with its segment anyway.
  private static let longPause = 3_000
  /// What openai-whisper has in place of no limit.
  private static let noLimit = 1_000

  init(_ options: SubtitleOptions, label: Int = 0) {
    self.options = options
    self.label = label
    keepsSegments = options.maxLineCount == nil || options.maxLineWidth == nil
    lineWidth = options.maxLineWidth ?? Self.noLimit
    wordsPerLine = options.maxWordsPerLine ?? Self.noLimit
  }

  /// The subtitles that are complete with this segment.
  mutating func add(_ segment: TimedText) -> [SubtitleCue] {
    guard segment.hasWords else {
      let text = segment.text
      guard !text.isEmpty else { return [] }
      return finish() + [SubtitleCue(time: segment.time, pieces: [.init(text: text, time: segment.time)])]
    }
    var cues: [SubtitleCue] = []
    // What is written without spaces can be broken anywhere.
    let words =
      options.maxLineWidth == nil
      ? segment.words : segment.words.flatMap { $0.divided(width: lineWidth - label) }
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
    guard let first = pieces.first, let last = pieces.last else { return [] }
    return [SubtitleCue(time: TimeSpan(start: first.time.start, end: last.time.end), pieces: pieces)]
  }

  private mutating func add(_ word: SubtitleCue.Piece) -> [SubtitleCue] {
    var finished: [SubtitleCue] = []
    var word = word
    let pause = word.time.start - (lastStart ?? word.time.start)
    let isLongPause = !keepsSegments && pause > Self.longPause
    let used = lineLength + (lineCount == 1 ? label : 0)
    let hasRoom = used + word.text.columns <= lineWidth
    if lineLength > 0, !hasRoom, !isLongPause, breakAtMark(before: word) {
      lineLength += word.text.columns
    } else if lineLength > 0, hasRoom, !isLongPause {
      lineLength += word.text.columns
    } else {
      word.text = word.text.trimmingWhitespace
      let length = word.text.columns
      let isFull = options.maxLineCount.map { isLongPause || lineCount >= $0 } ?? false
      if !pieces.isEmpty, isFull {
        finished = finish()
      } else if lineLength > 0 {
        lineCount += 1
        word.text = "\n" + word.text
      }
      lineLength = length
    }
    pieces.append(word)
    lastStart = word.time.start
    return finished
  }

  /// Breaks a line of a script without spaces at the last mark in its second half, if another line may follow.
  private mutating func breakAtMark(before word: SubtitleCue.Piece) -> Bool {
    guard options.maxLineCount.map({ lineCount < $0 }) ?? true else { return false }
    var length = 0
    for index in pieces.indices.dropFirst().reversed() {
      let text = pieces[index].text
      guard !text.hasPrefix("\n") else { break }
      length += text.columns
      guard 2 * length <= lineLength else { break }
      if LineBreaking.isMark(pieces[index - 1].text.last), length + word.text.columns <= lineWidth {
        pieces[index].text = "\n" + text.trimmingWhitespace
        lineCount += 1
        lineLength = length
        return true
      }
    }
    return false
  }
}
