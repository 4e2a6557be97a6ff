// Transcriptions under way; each writes its own files as soon as it ends, be it early.

import Swiftlet

/// A recording that is being transcribed.
struct RunningTranscription {
  /// How it ended.
  struct Outcome: Sendable {
    var transcript: Transcript
    /// Why it ended early; nil if it did not.
    var failure: (any Error)?
    /// What was written.
    var files: [String] = []
    /// Whether the files hold a part of the recording only.
    var isPartial = false
    var writingFailure: (any Error)?

    var isInterrupted: Bool { failure is CancellationError }
  }

  let recording: String
  let progress: LastProgress
  /// Come as they are transcribed, and end when the outcome is known.
  let segments: AsyncStream<Segment>
  private let task: Task<Outcome, Never>

  /// Begins to transcribe.
  init(
    _ recording: String, from input: AudioInput, with transcriber: Transcriber,
    options: TranscriptionOptions, to output: OutputFolder?
  ) {
    let progress = LastProgress()
    let (segments, continuation) = AsyncStream<Segment>.makeStream()
    (self.recording, self.progress, self.segments) = (recording, progress, segments)
    task = Task {
      defer { continuation.finish() }
      var all: [Segment] = []
      var failure: (any Error)?
      do {
        for try await segment in transcriber.segments(
          of: input, options: options, progress: progress.update)
        {
          all.append(segment)
          continuation.yield(segment)
        }
      } catch {
        failure = error
      }
      let timings = progress.timings
      var outcome = Outcome(
        transcript: Transcript(segments: all, duration: timings?.duration, timings: timings), failure: failure
      )
      if let output { outcome.write(of: recording, to: output, isWhole: progress.reachedEnd) }
      return outcome
    }
  }

  func cancel() { task.cancel() }

  var outcome: Outcome {
    get async { await task.value }
  }
}

extension RunningTranscription.Outcome {
  /// - Parameter isWhole: whether all of the recording was transcribed, even if it is damaged and that is a failure.
  fileprivate mutating func write(of recording: String, to output: OutputFolder, isWhole: Bool) {
    guard failure == nil || !transcript.segments.isEmpty else { return }
    isPartial = failure != nil && (isInterrupted || !isWhole)
    do {
      files = try output.writeFiles(transcript, of: recording, isPartial: isPartial)
    } catch {
      writingFailure = error
    }
  }
}
