// Times as subtitles and tables write them.

/// A time in whole milliseconds.
package struct Timecode: Hashable, Comparable {
  package var milliseconds: Int

  /// The nearest millisecond, the even one of two, as Python rounds; what is no time is the beginning.
  package init(seconds: Double) {
    milliseconds = max(0, TimeSpan.milliseconds(seconds) ?? 0)
  }

  init(milliseconds: Int) { self.milliseconds = milliseconds }

  package static func < (left: Timecode, right: Timecode) -> Bool { left.milliseconds < right.milliseconds }

  /// `00:01:02.345`; without the hours if there are none and they need not be there.
  package func clock(hours: Bool, decimalMark: Character = ".") -> String {
    let seconds = milliseconds / 1_000
    let hour = hours || seconds >= 3_600 ? padded(seconds / 3_600, 2) + ":" : ""
    return hour + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2) + String(decimalMark)
      + padded(milliseconds % 1_000, 3)
  }

  /// `62:03.45`: minutes, seconds and the hundredth it lies in, as lyrics have it; never later than it is.
  var lyricsClock: String {
    let hundredths = milliseconds / 10
    return padded(hundredths / 6_000, 2) + ":" + padded(hundredths / 100 % 60, 2) + "."
      + padded(hundredths % 100, 2)
  }

  private func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
