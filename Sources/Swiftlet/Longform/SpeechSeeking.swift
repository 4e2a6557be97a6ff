// Where a window's speech ends, told by its words, and which of them were most likely made up.

import SwiftletAudio
import SwiftletText

/// The rules of openai-whisper's `transcribe` for word timestamps: the next window begins after the last word, and silence
/// around words that look invented is passed over.
struct SpeechSeeking: Sendable {
  /// Seconds of silence next to which invented words are looked for; nil: never.
  let silenceThreshold: Double?
  /// Seconds from the start of the recording to the end of the last word.
  var lastSpeech = 0.0

  init(silenceThreshold: Double?) { self.silenceThreshold = silenceThreshold }

  /// A window and where its hypothesis was cut; frames are of 10 ms.
  struct Window {
    var firstFrame: Int
    var frames: Int
    var boundaries: SegmentBoundaries
    /// Whether the recording, or what of it is to be transcribed, ends with the window.
    var isLast: Bool

    var start: Double { LogMelWindow.seconds(firstFrame) }
    /// Where it ends with what it is filled up with.
    var end: Double { start + 30 }
    var soundEnd: Double { start + LogMelWindow.seconds(frames) }
  }

  /// - Parameter segments: aligned; those from the first invented one on are removed.
  /// - Returns: the frame, from the start of the recording, that the next window begins at.
  mutating func nextFrame(after segments: inout [Segment], in window: Window) -> Int {
    var frame = window.firstFrame + window.boundaries.advance
    if !window.boundaries.endsWithSingleTimestamp, let end = segments.speechEnd, end > window.start {
      let isNearEnd = silenceThreshold.map { window.end - end <= $0 } ?? false
      frame = isNearEnd ? window.firstFrame + window.frames : LogMelWindow.frame(at: end)
    }
    if let silenceThreshold {
      if let first = segments.first(where: \.hasWords), first.looksInvented,
        first.start - window.start > silenceThreshold
      {
        // Heard again without the silence before it.
        segments = []
        return window.firstFrame + LogMelWindow.frame(at: first.start - window.start)
      }
      if let (index, next) = firstInvented(in: segments, of: window, silenceThreshold) {
        frame = next
        segments.removeSubrange(index...)
      }
    }
    lastSpeech = segments.speechEnd ?? lastSpeech
    return frame
  }

  /// The first segment that looks invented and has silence or other inventions on both sides, and the frame to go on from.
  private func firstInvented(
    in segments: [Segment], of window: Window, _ threshold: Double
  ) -> (index: Int, nextFrame: Int)? {
    var before = lastSpeech
    for (index, segment) in segments.enumerated() where segment.hasWords {
      if segment.looksInvented {
        let next = segments[(index + 1)...].first(where: \.hasWords)
        let after = next?.words?.first?.start ?? window.soundEnd
        let silenceBefore =
          segment.start - before > threshold || segment.start < threshold
          || segment.start - window.start < 2
        let silenceAfter =
          after - segment.end > threshold || next?.looksInvented ?? false || window.end - segment.end < 2
        if silenceBefore, silenceAfter {
          let isAtEnd = window.isLast && window.soundEnd - segment.end < threshold
          return (
            index,
            isAtEnd
              ? window.firstFrame + window.frames
              : LogMelWindow.frame(at: max(window.start + 1, segment.start))
          )
        }
      }
      before = segment.end
    }
    return nil
  }

}

extension [Segment] {
  /// The end of the last word; without words, that of the last segment.
  var speechEnd: Double? { last(where: \.hasWords)?.words?.last?.end ?? last?.end }
}

extension Segment {
  fileprivate var hasWords: Bool { words?.isEmpty == false }

  /// Whether its first words are very improbable, very short or very long.
  fileprivate var looksInvented: Bool {
    let spoken = (words ?? []).filter { !Self.punctuation.containsScalars(of: $0.text) }.prefix(8)
    guard hasWords else { return false }
    let score = spoken.map(\.anomaly).reduce(0, +)
    return score >= 3 || score + 0.01 >= Double(spoken.count)
  }

  private static let punctuation = "\"'“¿([{-\"'.。,，!！?？:：”)]}、"
}

extension Word {
  /// openai-whisper's `word_anomaly_score`.
  fileprivate var anomaly: Double {
    let duration = end - start
    return (probability < 0.15 ? 1 : 0) + max(0, 0.133 - duration) * 15 + max(0, duration - 2)
  }
}
