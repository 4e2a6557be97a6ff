// The numbers that subtitles are held to by default.

/// Common norms of subtitling: Netflix's "English Timed Text Style Guide" (lines, characters a second, where lines break) and
/// the BBC's "Subtitle Guidelines" (durations); docs/subtitles.md says where they are met.
enum SubtitleNorms {
  /// Columns that a line may have.
  static let lineWidth = 42
  /// Lines that a subtitle may have.
  static let lines = 2
  /// Milliseconds that a subtitle is shown, where speech lets it.
  static let shortest = 800
  static let longest = 7_000
  /// Columns that are read in a second.
  static let readingSpeed = 17.0
  /// Milliseconds of silence after which a subtitle ends in any case.
  static let pause = 1_500
  /// Milliseconds between two subtitles that would be seen as a flicker.
  static let flicker = 120
  /// Milliseconds by which a subtitle can come early that is too short otherwise.
  static let lead = 500

  /// How long a subtitle is shown that is said at `time`.
  ///
  /// - Parameters:
  ///   - columns: of its text.
  ///   - earliest: the end of the one before.
  ///   - latest: the start of the next, or the end of the sound.
  static func shown(_ time: TimeSpan, columns: Int, after earliest: Int, before latest: Int) -> TimeSpan {
    var time = time
    let wanted = min(longest, max(shortest, Int(Double(columns) / readingSpeed * 1_000)))
    time.end = min(max(time.end, time.start + wanted), latest)
    if latest - time.end < flicker, latest - time.start <= longest { time.end = latest }
    time.end = min(time.end, time.start + longest)
    if time.end - time.start < shortest {
      time.start = max(earliest, min(time.start, max(time.end - shortest, time.start - lead)))
    }
    return time
  }
}
