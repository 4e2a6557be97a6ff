// Speech that no word covers.

import SwiftletAudio

/// Tells by voice activity which speech of a stretch was not written down.
///
/// The decoder at times takes a pause for the end of all speech, and without timestamps it may begin with what was said last.
/// Its words are right, and nothing in them says that there are more; their times beside the sound do.
struct UnheardSpeech: Sendable {
  /// Of the whole recording.
  let activity: VoiceActivity

  /// From this probability on, 32 ms are speech, as for Silero.
  private static let probability: Float = 0.5
  /// Seconds of speech that may lie between two words: their ends are known no better, and a breath can sound like speech.
  private static let spare = 1.0
  /// Frames around speech that belong to it.
  private static let margin = 20
  /// Frames by which a hole is shorter than what it is in, so that hearing it again comes to an end.
  static let leastGain = 100

  private static let step =
    Double(VoiceActivityDetector.windowSamples) / Double(VoiceActivityDetector.sampleRate)

  /// Where there is speech and no word, in frames of 10 ms from the start of the recording, in order.
  ///
  /// - Parameters:
  ///   - stretch: what was transcribed.
  ///   - words: what came of it, in order, timed from the start of the recording. If there are none, so it shall be.
  func holes(in stretch: Range<Int>, words: [Word]) -> [Range<Int>] {
    guard !words.isEmpty else { return [] }
    var holes: [Range<Int>] = []
    var heard = stretch.lowerBound
    for word in words {
      if let hole = speech(from: heard, to: LogMelWindow.frame(at: word.start)) { holes.append(hole) }
      heard = max(heard, LogMelWindow.frame(at: word.end))
    }
    if let hole = speech(from: heard, to: stretch.upperBound) { holes.append(hole) }
    return holes.filter { $0.count + Self.leastGain <= stretch.count }
  }

  /// What is speech between two frames; nil if it is no more than can be chance.
  func speech(from first: Int, to end: Int) -> Range<Int>? {
    guard Self.seconds(end - first) > Self.spare else { return nil }
    let windows = Self.window(at: first)..<max(Self.window(at: first), Self.window(at: end))
    let speech = windows.clamped(to: activity.probabilities.indices).filter {
      activity.probabilities[$0] >= Self.probability
    }
    guard let begin = speech.first, let last = speech.last, Double(speech.count) * Self.step > Self.spare
    else {
      return nil
    }
    return max(first, Self.frame(of: begin) - Self.margin)..<min(end, Self.frame(of: last + 1) + Self.margin)
  }

  private static func seconds(_ frames: Int) -> Double { LogMelWindow.seconds(max(0, frames)) }
  /// The first window of voice activity that begins at a frame or later.
  private static func window(at frame: Int) -> Int { Int((seconds(frame) / step).rounded(.up)) }
  private static func frame(of window: Int) -> Int { LogMelWindow.frame(at: Double(window) * step) }
}
