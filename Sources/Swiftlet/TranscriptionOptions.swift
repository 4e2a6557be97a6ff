// What a caller may ask of a transcription.

import SwiftletAudio
import SwiftletCompute
import SwiftletText

/// How to transcribe.
public struct TranscriptionOptions: Hashable, Codable, Sendable {
  /// A language's code or English name (`fr`, `French`); nil lets a multilingual model detect it in the first window.
  /// Models for English alone take nothing but English.
  public var language: String?
  /// Whether to write what was said, or its translation into English.
  public var task: Task
  /// What fills a window that the sound does not.
  public var padding: Padding

  /// What to do with the part of a window that holds no sound. Nil folds it where the encoder is int8 and the padding is
  /// silence: what has been measured to lose nothing (docs/performance.md). A window whose language must be detected is
  /// never folded.
  public var tail: Tail?
  /// With a folded tail, seconds after the sound that are kept whole.
  public var tailMargin = 0.5
  /// With a folded tail, one position (20 ms) in so many is kept of the rest.
  public var tailStep = 16

  /// What to do with speech.
  public enum Task: String, Codable, Sendable, CaseIterable {
    /// Write it in its own language.
    case transcribe
    /// Write it in English.
    case translate
  }

  /// What fills the 30 s window after the end of the sound; the reference implementations differ.
  public enum Padding: String, Codable, Sendable, CaseIterable {
    /// Silence before the log-mel, as transformers does.
    case silence
    /// Zeros in the normalised log-mel, as openai-whisper does. The loudest moment of the whole file then sets the
    /// scale, so the file is read to its end before the first word comes.
    case zeros
  }

  /// What the network does with the silent end of a window.
  public enum Tail: String, Codable, Sendable, CaseIterable {
    /// Looks at every 16th position of it, with the weight of all that it stands for: about as many words right, and
    /// several times as fast for short recordings.
    case fold
    /// Looks at all of it, as the reference implementations do.
    case exact
  }

  public init(
    language: String? = nil, task: Task = .transcribe, padding: Padding = .silence, tail: Tail? = nil
  ) {
    self.tail = tail
    self.language = language
    self.task = task
    self.padding = padding
  }
}

extension TranscriptionOptions.Task {
  var speechTask: SpeechTask { self == .translate ? .translate : .transcribe }
}

extension TranscriptionOptions {
  /// What to do where nothing is said of it. Zeros, and higher precisions, are there to do exactly what a reference does.
  func effectiveTail(encoder: Precision) -> Tail {
    tail ?? (padding == .silence && encoder == .int8 ? .fold : .exact)
  }
}

extension TranscriptionOptions.Padding {
  var windowPadding: WindowPadding { self == .zeros ? .zeros : .silence }
}
