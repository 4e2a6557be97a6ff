// One subtitle, and one row of a table.

import SwiftletText

/// What is shown from one moment to another.
struct SubtitleCue: Equatable {
  /// Milliseconds.
  var time: TimeSpan
  /// The words, each with the space or the line break before it; or a whole segment.
  var pieces: [Piece]
  /// The piece that is spoken, where it is to be seen.
  var current: Int?
  /// The channel it was said in, if they are apart.
  var channel: Int?

  struct Piece: Equatable {
    var text: String
    /// Milliseconds.
    var time: TimeSpan
  }

  /// The text with its line breaks.
  var text: String { pieces.map(\.text).joined() }

  var start: Timecode { Timecode(milliseconds: time.start) }
  var end: Timecode { Timecode(milliseconds: time.end) }

  /// With its pieces in order within its time, each at least so many milliseconds long if there is room for it.
  func withPieces(least: Int) -> SubtitleCue {
    var cue = self
    let times = pieces.map(\.time).fitted(from: time.start, to: time.end, least: least)
    for (index, time) in zip(pieces.indices, times) { cue.pieces[index].time = time }
    return cue
  }

  /// One for each word that is spoken and one for each pause between them, but for those too short to be seen.
  var highlighted: [SubtitleCue] {
    var cues: [SubtitleCue] = []
    var shownUntil = time.start
    func cue(_ start: Int, _ end: Int, _ current: Int?) -> SubtitleCue {
      SubtitleCue(
        time: TimeSpan(start: start, end: end), pieces: pieces, current: current, channel: channel)
    }
    for (index, piece) in withPieces(least: CueTimeline.least).pieces.enumerated()
    where piece.time.start < piece.time.end {
      if piece.time.start - shownUntil >= CueTimeline.least {
        cues.append(cue(shownUntil, piece.time.start, nil))
      } else if let last = cues.indices.last {
        cues[last].time.end = piece.time.start
      }
      cues.append(cue(cues.isEmpty ? time.start : piece.time.start, piece.time.end, index))
      shownUntil = piece.time.end
    }
    if let last = cues.indices.last { cues[last].time.end = time.end }
    return cues
  }
}

/// Who is heard in a channel, as subtitles and text name them.
package func speakerName(channel: Int) -> String { "Speaker \(channel)" }
