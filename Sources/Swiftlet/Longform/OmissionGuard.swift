// Speech that a hypothesis leaves out: known by the sound, and by its words' times.

import SwiftletAudio

/// Tells which speech of a window was not written down.
///
/// The decoder at times takes a pause for the end of all speech, and without timestamps it may begin with what was said last.
/// Its words are right, and nothing in them says that there are more; the sound does. Where the words are, only their
/// alignment tells, which takes a step of the decoder: it is asked for if the text is short for so much speech.
struct OmissionGuard: Sendable {
  let activity: VoiceActivity
  /// Where `activity` begins, in seconds of the sound that is transcribed.
  var start = 0.0

  /// From this probability on, 32 ms are speech, as for Silero.
  private static let probability: Float = 0.5
  /// Seconds of speech that may lie between two words: their ends are known no better, and a breath can sound like speech.
  private static let spare = 1.0
  /// Frames around speech that belong to it.
  private static let margin = 20
  /// Frames by which a hole is shorter than what it is in, so that hearing again comes to an end.
  private static let leastGain = 100
  /// Seconds that a token takes in slow speech.
  private static let secondsForToken = 0.4
  /// Seconds of speech that a word can hold, and how much more with each digit of a number.
  private static let longestWord = 1.5
  private static let secondsForDigit = 0.4

  private static let step = VoiceActivityDetector.windowSeconds

  /// Whether so little is said in a stretch that it may be worth asking the sound.
  ///
  /// - Parameters:
  ///   - segments: what came of it.
  ///   - seconds: of the stretch.
  static func isSparse(_ segments: [Segment], seconds: Double) -> Bool {
    let spoken = segments.map(roughly).reduce(0) { $0 + $1.end - $1.start }
    return seconds - spoken > 2 * spare
  }

  /// A segment as one word, which lasts as long as its text can have taken.
  static func roughly(_ segment: Segment) -> Word {
    // Timestamps among them count as well: two in a segment.
    let longest = spare + secondsForToken * Double(segment.tokens.count)
    return Word(
      text: segment.text, start: segment.start, end: min(segment.end, segment.start + longest), probability: 1
    )
  }

  /// Where there is speech and no word, in frames of 10 ms, in order.
  ///
  /// - Parameters:
  ///   - stretch: what was transcribed.
  ///   - words: what came of it, in order. If there are none, so it shall be.
  func holes(in stretch: Range<Int>, words: [Word]) -> [Range<Int>] {
    guard !words.isEmpty else { return [] }
    var holes: [Range<Int>] = []
    var heard = stretch.lowerBound
    for word in words {
      let next = min(LogMelWindow.frame(at: word.start), stretch.upperBound)
      if let hole = speech(from: heard, to: next) { holes.append(hole) }
      heard = max(heard, LogMelWindow.frame(at: word.end))
    }
    if let hole = speech(from: heard, to: stretch.upperBound) { holes.append(hole) }
    return holes.filter { $0.count + Self.leastGain <= stretch.count }
  }

  /// What is speech between two frames; nil if it is no more than can be chance.
  private func speech(from first: Int, to end: Int) -> Range<Int>? {
    guard LogMelWindow.seconds(end - first) > Self.spare else { return nil }
    let speech = speechWindows(from: first, to: end)
    guard let begin = speech.first, let last = speech.last, Double(speech.count) * Self.step > Self.spare
    else {
      return nil
    }
    return max(first, frame(of: begin) - Self.margin)..<min(end, frame(of: last + 1) + Self.margin)
  }

  /// Whether a word lasts longer than it can: alignment spreads the words next to skipped speech over that speech.
  func isStretched(_ word: Word) -> Bool {
    let longest = Self.longestWord + Self.secondsForDigit * Double(word.text.filter(\.isNumber).count)
    guard word.end - word.start > longest else { return false }
    let speech = speechWindows(from: LogMelWindow.frame(at: word.start), to: LogMelWindow.frame(at: word.end))
    return Double(speech.count) * Self.step > longest
  }

  private func speechWindows(from first: Int, to end: Int) -> [Int] {
    (window(at: first)..<window(at: end)).clamped(to: activity.probabilities.indices).filter {
      activity.probabilities[$0] >= Self.probability
    }
  }

  /// When speech begins at or after a time, in seconds; the time itself if it is within speech.
  func firstSpeech(from time: Double) -> Double? {
    let first = max(0, Int(((time - start) / Self.step).rounded(.down)))
    guard first < activity.probabilities.count,
      let index = activity.probabilities[first...].firstIndex(where: { $0 >= Self.probability })
    else { return nil }
    return max(time, start + Double(index) * Self.step)
  }

  /// The first window of voice activity that begins at a frame or later.
  private func window(at frame: Int) -> Int {
    Int(((LogMelWindow.seconds(frame) - start) / Self.step).rounded(.up))
  }

  private func frame(of window: Int) -> Int { LogMelWindow.frame(at: start + Double(window) * Self.step) }
}
