// Recordings, window after window.

import SwiftletAudio
import SwiftletText

/// Transcribes a recording as openai-whisper's `transcribe` does: each window begins where the last one's text ends, and is
/// told what was said there. What guards against text that was invented or left out comes on top, where it is wanted.
final class SequentialTranscription {
  private let job: TranscriptionJob
  private let labels: Bool
  private var channels: [SequentialChannel]
  /// Where it goes on; nil at the beginning.
  private let checkpoint: TranscriptionCheckpoint?

  /// - Parameters:
  ///   - sources: the recording's channels, or all of it.
  ///   - labels: whether segments bear the number of their channel.
  ///   - checkpoint: of the same recording, to go on there.
  /// - Throws: `CancellationError`, if it is stopped while voice activity is looked for.
  init(
    _ job: TranscriptionJob, of sources: [any SampleSource], labels: Bool,
    from checkpoint: TranscriptionCheckpoint? = nil
  ) throws {
    self.job = job
    self.labels = labels
    self.checkpoint = checkpoint
    channels = try sources.enumerated().map { index, source in
      try SequentialChannel(job, of: source, from: checkpoint?.channels[index])
    }
  }

  /// Transcribes all channels. They take turns, window by window, so that none is far ahead of the others.
  ///
  /// - Parameters:
  ///   - progress: called after every window, with the seconds that are done and where it could go on.
  ///   - deliver: given the segments in the order of the recording.
  /// - Throws: what ended the recording early, once everything before it has been delivered.
  func run(
    progress: (Double, Timings, TranscriptionCheckpoint?) -> Void, deliver: (Segment) -> Void
  ) throws {
    var merge = SegmentMerge(channels: channels.count, labels: labels)
    var state = checkpoint ?? TranscriptionCheckpoint(languages: channels.map(\.language?.code))
    merge.resume(from: state)
    let before = state.timings
    var failure: AudioError?
    while let index = channels.indices.filter({ !channels[$0].hasEnded }).min(by: {
      channels[$0].position < channels[$1].position
    }) {
      var segments: [Segment] = []
      do {
        segments = try channels[index].next()
      } catch let error as AudioError {
        failure = error
        channels[index].end()
      } catch {
        merge.finish().forEach(deliver)
        throw error
      }
      let isLast = channels.allSatisfy(\.hasEnded)
      let ready =
        merge.add(segments, channel: index, known: channels.map(\.position)) + (isLast ? merge.finish() : [])
      ready.forEach(deliver)
      state.segmentCount += ready.count
      state.timings = before
      for channel in channels { state.timings.add(channel.timings) }
      state.timings.duration = channels.map(\.timings.duration).max() ?? 0
      state.position = state.timings.duration
      channels[index].save(into: &state.channels[index])
      merge.save(into: &state)
      // Where the sound could not be read on, there is nothing to go on with.
      progress(state.position, state.timings, failure == nil ? state : nil)
    }
    if let failure { throw failure }
  }
}

/// A channel on its way through the network.
private struct SequentialChannel {
  private let job: TranscriptionJob
  private let pipeline: WindowPipeline
  private let source: LogMelSource
  private var pass: SequentialPass
  private var seeking: SpeechSeeking
  /// Up to where its segments are known, in seconds.
  private(set) var position = 0.0

  var hasEnded: Bool { position == .infinity }
  var timings: Timings { pipeline.decoder.timings }

  init(
    _ job: TranscriptionJob, of samples: any SampleSource, from checkpoint: TranscriptionCheckpoint.Channel?
  ) throws {
    var job = job
    var omissionGuard: OmissionGuard?
    var samples = samples
    if job.options.voiceActivity.filter {
      let sound = try WholeSound(samples, isCancelled: { job.stop.isSet })
      let activity = try job.detector.activity(in: sound.samples, stop: job.stop)
      let speech = SpeechFrames.of(
        try activity.speech(job.options.voiceActivityRules), within: job.options.clipFrames)
      // Where nobody speaks there is nothing to transcribe.
      job.options.clipTimestamps =
        speech.isEmpty
        ? [activity.duration]
        : speech.flatMap { [LogMelWindow.seconds($0.lowerBound), LogMelWindow.seconds($0.upperBound)] }
      omissionGuard = OmissionGuard(activity: activity)
      samples = RecordedSamples(sound.samples[...], failure: sound.failure)
    }
    self.job = job
    pipeline = try WindowPipeline(job, cut: .timestamps, omissionGuard: omissionGuard)
    source = job.windows(of: samples)
    pass = SequentialPass(
      job.options, tokenizer: job.tokenizer, contextLength: job.scheduler.network.dimensions.textContext)
    seeking = SpeechSeeking(silenceThreshold: job.options.words.hallucinationSilenceThreshold)
    guard let checkpoint, let state = checkpoint.sequential else { return }
    position = checkpoint.known ?? .infinity
    pass.state = state.pass
    seeking.lastSpeech = state.lastSpeech
    pipeline.resume(lastEnd: state.lastEnd, repetition: state.repetition)
    pipeline.decoder.resume(
      language: try checkpoint.language.map { try Language($0) }, probability: checkpoint.languageProbability)
    pipeline.decoder.timings.duration = state.duration
  }

  var language: Language? { pipeline.decoder.language }

  func save(into checkpoint: inout TranscriptionCheckpoint.Channel) {
    checkpoint.language = language?.code
    checkpoint.languageProbability = pipeline.decoder.languageProbability
    checkpoint.sequential = SequentialState(
      pass: pass.state, repetition: pipeline.repetition, lastSpeech: seeking.lastSpeech,
      lastEnd: pipeline.lastEnd, duration: timings.duration)
  }

  /// Nothing more comes of it.
  mutating func end() { position = .infinity }

  /// The segments of the next window; none at the end.
  ///
  /// - Throws: what the source does, after the last window that could be made.
  mutating func next() throws -> [Segment] {
    guard let stretch = pass.next(),
      let window = try pipeline.window(of: source, at: stretch.frame, limit: stretch.limit)
    else {
      end()
      return []
    }
    pipeline.decoder.timings.duration = max(timings.duration, window.start + window.duration)
    let segments = try segments(of: window)
    // Memory is held only while a window is at work.
    pipeline.decoder.slot.release()
    position = pass.next().map { LogMelWindow.seconds($0.frame) } ?? .infinity
    return segments
  }

  private mutating func segments(of window: LogMelWindow) throws -> [Segment] {
    guard var text = try pipeline.decode(window, prompt: pass.prompt(start:)) else {
      pass.skip(frames: window.contentFrames)
      return []
    }
    job.watch?.hear(text.result, start: window.start, sound: window.sound)
    var nextFrame = window.firstFrame + text.boundaries.advance
    if job.options.words.timestamps {
      try pipeline.time(&text, lastSpeech: seeking.lastSpeech)
      nextFrame = seeking.nextFrame(
        after: &text.segments,
        in: SpeechSeeking.Window(
          firstFrame: window.firstFrame, frames: window.contentFrames, boundaries: text.boundaries,
          isLast: window.contentFrames < LogMelWindow.frames))
    }
    try pipeline.compare(&text, until: nextFrame)
    if job.options.words.aligned { try pipeline.addWords(to: &text) }
    let segments = pipeline.finish(
      try pipeline.filled(text, from: source, lastSpeech: seeking.lastSpeech), of: window)
    pass.accept(
      tokens: segments.flatMap(\.tokens), temperature: text.result.temperature, nextFrame: nextFrame)
    return segments
  }
}
