// Where a sequential transcription stands in its recording: which stretch is next, and after which words.

import SwiftletAudio
import SwiftletText

/// The bookkeeping of openai-whisper's `transcribe`: each window begins where the last timestamp of the one before stands,
/// and is told what was said there. It neither reads nor computes, so that a scheduler can hold many.
struct SequentialPass: Sendable {
  /// A stretch to transcribe next, in frames of 10 ms.
  struct Stretch: Hashable, Sendable {
    var frame: Int
    /// At most so many frames.
    var limit: Int
  }

  private let prefix: [Int]
  private let timestamps: Bool
  private let specials: SpecialTokens
  /// What is still to be transcribed, the current clip first.
  private var clips: [Range<Int>]
  private var frame: Int
  private(set) var history: PromptHistory
  private var isFirst = true

  struct State: Hashable, Codable, Sendable {
    /// Clips that are left.
    var clips: Int
    var frame: Int
    var isFirst: Bool
    var history: PromptHistory.State
  }

  var state: State {
    get { State(clips: clips.count, frame: frame, isFirst: isFirst, history: history.state) }
    set {
      clips = clips.suffix(max(0, newValue.clips))
      frame = newValue.frame
      isFirst = newValue.isFirst
      history.state = newValue.history
    }
  }

  init(_ options: TranscriptionOptions, tokenizer: Tokenizer, contextLength: Int) {
    history = PromptHistory(options, tokenizer: tokenizer, contextLength: contextLength)
    prefix = options.prefix.map { tokenizer.encode(spoken: $0) } ?? []
    timestamps = options.windows.timestamps
    specials = tokenizer.specials
    clips = options.clipFrames
    frame = clips.first?.lowerBound ?? 0
  }

  /// The stretch to transcribe next; nil when all clips are done. There may be no sound left in it.
  mutating func next() -> Stretch? {
    while let clip = clips.first {
      if frame < clip.upperBound {
        return Stretch(frame: frame, limit: min(LogMelWindow.frames, clip.upperBound - frame))
      }
      clips.removeFirst()
      if let following = clips.first { frame = following.lowerBound }
    }
    return nil
  }

  /// The prompt for the next window.
  ///
  /// - Parameter start: the start sequence of its language and task.
  func prompt(start: [Int]) -> DecodingPrompt {
    var given: [Int] = []
    if isFirst, !prefix.isEmpty { given = (timestamps ? [specials.timestampBegin] : []) + prefix }
    return DecodingPrompt(previous: history.previous, start: start, given: given, specials: specials)
  }

  /// Passes over a window in which nobody speaks.
  mutating func skip(frames: Int) {
    frame += frames
    isFirst = false
  }

  /// Takes note of what a window held, and goes on to the next.
  ///
  /// - Parameters:
  ///   - frame: where the next window begins, from the start of the recording.
  ///   - tokens: of all segments that hold text.
  mutating func accept(tokens: [Int], temperature: Double, nextFrame frame: Int) {
    history.append(tokens, temperature: temperature)
    self.frame = frame
    isFirst = false
  }
}
