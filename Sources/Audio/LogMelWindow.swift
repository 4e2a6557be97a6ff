// What the encoder reads of one window of sound.

/// The normalised log-mel spectrogram of a window.
package struct LogMelWindow: Sendable {
  /// Frames of a window: 30 s in steps of 10 ms.
  package static let frames = 3_000
  /// Samples of a window.
  package static let samples = frames * LogMelSpectrogram.hop

  /// Frame-major, `[frames, bins]`.
  package var values: [Float]
  package var bins: Int
  /// Frames from the start on that hold sound; all after them have the padding's value.
  package var soundFrames: Int
  /// Where it begins, in frames from the start of the recording.
  package var firstFrame: Int
  /// Whole frames of sound in the window.
  package var contentFrames: Int
  /// The samples that it was made of; empty with ``WindowPadding/zeros``, which keeps none.
  package var sound: [Float] = []

  /// Seconds from the start of the recording.
  package var start: Double { Self.seconds(firstFrame) }
  /// Seconds of sound in the window.
  package var duration: Double { Self.seconds(contentFrames) }

  /// How long so many frames take.
  package static func seconds(_ frames: Int) -> Double {
    Double(frames * LogMelSpectrogram.hop) / Double(AudioDecoder.sampleRate)
  }

  /// The frame nearest to a time, of two that are equally near the even one, as Python rounds.
  package static func frame(at seconds: Double) -> Int { Int((seconds * 100).rounded(.toNearestOrEven)) }
}

/// What fills a window that the sound does not; the reference implementations differ.
package enum WindowPadding: String, CaseIterable, Sendable {
  /// The sound is padded with silence, and the log-mel taken of the whole window by itself (transformers'
  /// `WhisperFeatureExtractor`).
  case silence
  /// The log-mel is taken of the whole recording, normalised by its loudest frame, cut, and padded with zeros
  /// (openai-whisper's `transcribe`).
  case zeros
}
