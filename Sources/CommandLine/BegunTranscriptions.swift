// Recordings that are transcribed side by side, and told in the order in which they were given.

import Swiftlet

/// Begins transcriptions ahead of the one that is being told.
struct BegunTranscriptions {
  /// A transcription that has begun.
  struct One {
    let recording: String
    let progress: LastProgress
    let segments: AsyncThrowingStream<Segment, any Error>
  }

  private let transcriber: Transcriber
  private let options: TranscriptionOptions
  private let concurrency: Int
  private var waiting: ArraySlice<String>
  private var begun: [One] = []

  init(recordings: [String], transcriber: Transcriber, options: TranscriptionOptions, concurrency: Int) {
    waiting = recordings[...]
    self.transcriber = transcriber
    self.options = options
    self.concurrency = concurrency
  }

  /// The next in the order of the recordings. Those that follow it are under way.
  mutating func next() -> One? {
    while begun.count < concurrency, let recording = waiting.popFirst() {
      let progress = LastProgress()
      begun.append(
        One(
          recording: recording, progress: progress,
          segments: transcriber.segments(of: recording, options: options, progress: progress.update)))
    }
    return begun.isEmpty ? nil : begun.removeFirst()
  }
}
