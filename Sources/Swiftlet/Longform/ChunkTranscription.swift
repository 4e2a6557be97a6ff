// One chunk of speech to its segments.

import SwiftletAudio
import SwiftletText

/// Transcribes a chunk, which is one window, by itself. It is decoded without timestamps: its segments are sentences, timed by
/// their words.
struct ChunkTranscription {
  /// For the chunk: nothing in its options is about the recording around it.
  let job: TranscriptionJob
  let chunk: SpeechChunk

  /// - Parameters:
  ///   - language: in which it is spoken; nil to detect it.
  ///   - isFirst: whether it is the first of its channel.
  init(_ job: TranscriptionJob, _ chunk: SpeechChunk, language: String?, isFirst: Bool) {
    var job = job
    job.options.language = language
    job.options.clipTimestamps = []
    job.options.windows.timestamps = false
    job.options.decoding.seed &+= UInt64(chunk.frames.lowerBound)
    if !isFirst { job.options.prefix = nil }
    self.job = job
    self.chunk = chunk
  }

  /// The chunk's segments, with times from the start of the recording.
  func run() throws -> (segments: [Segment], timings: Timings) {
    try job.stop.check()
    let pipeline = try WindowPipeline(
      job, cut: .sentences,
      omissionGuard: OmissionGuard(activity: chunk.activity, start: chunk.activityStart))
    let source = source
    var segments: [Segment] = []
    if let window = try pipeline.window(of: source, at: 0, limit: LogMelWindow.frames) {
      pipeline.decoder.timings.duration = window.duration
      segments = try self.segments(of: window, pipeline, source)
    }
    return (segments.map { $0.shifted(by: chunk.start) }, pipeline.decoder.timings)
  }

  private func segments(
    of window: LogMelWindow, _ pipeline: WindowPipeline, _ source: LogMelSource
  ) throws -> [Segment] {
    let pass = SequentialPass(
      job.options, tokenizer: job.tokenizer, contextLength: job.scheduler.network.dimensions.textContext)
    guard var text = try pipeline.decode(window, prompt: pass.prompt(start:)) else { return [] }
    job.watch?.hear(text.result, start: chunk.start + window.start, sound: window.sound)
    try pipeline.time(&text, lastSpeech: 0)
    let lastSpeech = text.segments.speechEnd ?? 0
    // A chunk ends with silence that need not be heard again.
    try pipeline.compare(&text, until: window.firstFrame + text.boundaries.advance)
    return pipeline.finish(try pipeline.filled(text, from: source, lastSpeech: lastSpeech), of: window)
  }

  /// The languages that the chunk may be in, the most probable first.
  func languages(timings: inout Timings) throws -> [(language: Language, probability: Double)] {
    guard let window = try source.window(at: 0) else { return [] }
    return try job.languages(of: window, timings: &timings)
  }

  private var source: LogMelSource { job.windows(of: RecordedSamples(chunk.samples[...])) }
}

extension Segment {
  /// The same, so many seconds later.
  fileprivate func shifted(by seconds: Double) -> Segment {
    /// Hundredths stay hundredths.
    func shift(_ time: Double) -> Double { ((time + seconds) * 1_000).rounded() / 1_000 }
    var segment = self
    segment.start = shift(start)
    segment.end = shift(end)
    segment.windowStart = windowStart.map(shift)
    segment.words = words?.map {
      Word(text: $0.text, start: shift($0.start), end: shift($0.end), probability: $0.probability)
    }
    return segment
  }
}
