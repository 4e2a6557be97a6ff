// The last stage of all subtitles: whatever times they come with, they leave it in order.

import SwiftletText

/// Puts the subtitles of one channel in order: each begins before it ends, none before the end of the one before it or after the
/// sound, and each lasts 0.1 s or more. Those that there is no time for are shown together with the one before.
struct CueTimeline {
  /// How long subtitles are shown.
  enum Lengths {
    /// As long as they are said, as openai-whisper does.
    case spoken
    /// Long enough to be read, if there is silence after them.
    case readable
  }

  /// Milliseconds that a subtitle lasts at least.
  static let least = 100

  private let lengths: Lengths
  /// Whether nothing is written before all is known.
  private let waits: Bool
  /// Those that are not written yet, as they came.
  private var pending: [SubtitleCue] = []
  /// Milliseconds up to which all is written.
  private var begin = 0

  /// Milliseconds of later subtitles that are known before one is written, so that there is room for those at the end.
  private static let lookahead = 2_000

  init(_ lengths: Lengths, waits: Bool) {
    self.lengths = lengths
    self.waits = waits
  }

  /// Takes the next, whose time may be anything.
  ///
  /// - Returns: those that are certain now.
  mutating func add(_ cue: SubtitleCue) -> [SubtitleCue] {
    pending.append(cue)
    if waits { return [] }
    let fitted = fitted(to: .max / 2)
    let certain = fitted.dropLast().prefix { cue.time.start - $0.time.end >= Self.lookahead }.count
    return take(certain, of: fitted)
  }

  /// All that are left.
  ///
  /// - Parameters:
  ///   - end: milliseconds of sound, if they are known.
  ///   - last: milliseconds at which the last segment ends.
  mutating func finish(end: Int?, last: Int) -> [SubtitleCue] {
    let needed = max(last, begin + pending.count * Self.least)
    guard !pending.isEmpty else { return [] }
    // What is known to have been said is written even if the sound is said to be shorter.
    let end = max(begin + Self.least, end ?? pending.reduce(needed) { max($0, $1.time.end) })
    let room = (end - begin) / Self.least
    while pending.count > max(1, room), let last = pending.popLast(), let before = pending.indices.last {
      pending[before].append(last)
    }
    return take(pending.count, of: fitted(to: end))
  }

  private mutating func take(_ count: Int, of fitted: [SubtitleCue]) -> [SubtitleCue] {
    pending.removeFirst(count)
    if count > 0 { begin = fitted[count - 1].time.end }
    return Array(fitted[..<count])
  }

  private func fitted(to end: Int) -> [SubtitleCue] {
    var times = pending.map(\.time).fitted(from: begin, to: end, least: Self.least)
    if lengths == .readable {
      for index in times.indices {
        let next = index + 1 < times.count ? times[index + 1].start : end
        let before = index > 0 ? times[index - 1].end : begin
        times[index] = SubtitleNorms.shown(
          times[index], columns: pending[index].text.columns, after: before, before: next)
      }
    }
    return zip(pending, times).map { cue, time in
      var cue = cue
      cue.time = time
      return cue.withPieces(least: TimeSpan.leastSpeech)
    }
  }
}

extension SubtitleCue {
  /// Shows another one with this one.
  fileprivate mutating func append(_ other: SubtitleCue) {
    guard let first = other.pieces.first else { return }
    pieces.append(Piece(text: "\n" + first.text.trimmingWhitespace, time: first.time))
    pieces += other.pieces.dropFirst()
    time.end = max(time.end, other.time.end)
  }
}
