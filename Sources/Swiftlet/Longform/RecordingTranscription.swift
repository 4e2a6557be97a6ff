// From a recording to its segments, in one of the two ways of transcribing.

import SwiftletAudio
import SwiftletText

/// Transcribes one recording: its speech in chunks side by side, or, sequentially, its windows one after the other.
struct RecordingTranscription {
  let options: TranscriptionOptions
  /// Whether each channel is transcribed by itself.
  let isSeparate: Bool
  let scheduler: NetworkScheduler
  let tokenizer: Tokenizer
  let detector: VoiceActivityDetector
  let watch: ForeignSpeechWatch
  let isCancelled: @Sendable () -> Bool
  /// Ends the reading of the recording, wherever it is.
  let abandon: @Sendable () -> Void

  /// - Parameters:
  ///   - audio: opened with the channels that are asked for.
  ///   - progress: called with the seconds that are done.
  ///   - deliver: given the segments in the order of their times.
  /// - Throws: what ended the recording early, once everything before it has been delivered.
  func run(_ audio: any ChannelSource, progress: (Double, Timings) -> Void, deliver: (Segment) -> Void) throws
  {
    let channels = isSeparate ? ChannelSplitter(audio).channels : [audio]
    if options.sequential {
      try sequentially(channels, labels: isSeparate, progress: progress, deliver: deliver)
    } else {
      let readers = channels.map { ChunkReader($0, network: detector.network, options: options) }
      try ChunkedTranscription(
        readers, labels: isSeparate, options: options, scheduler: scheduler, tokenizer: tokenizer,
        detector: detector, watch: watch,
        isCancelled: isCancelled, abandon: abandon
      ).run(progress: progress, deliver: deliver)
    }
  }

  /// A channel on its way through the network.
  private struct Channel {
    var transcription: SequentialTranscription
    var source: LogMelSource
    var position = 0.0
    var hasEnded = false
  }

  /// The channels take turns, window by window, so that none is far ahead of the others.
  private func sequentially(
    _ sources: [any SampleSource], labels: Bool, progress: (Double, Timings) -> Void,
    deliver: (Segment) -> Void
  ) throws {
    var merge = SegmentMerge(channels: sources.count, labels: labels)
    var channels = try sources.map(channel)
    var failure: AudioError?
    while let index = channels.indices.filter({ !channels[$0].hasEnded }).min(by: {
      channels[$0].position < channels[$1].position
    }) {
      do {
        let next = try channels[index].transcription.next(channels[index].source)
        channels[index].position = next?.end ?? .infinity
        channels[index].hasEnded = next == nil
        merge.add(next?.segments ?? [], channel: index, known: channels.map(\.position)).forEach(deliver)
      } catch let error as AudioError {
        failure = error
        channels[index].position = .infinity
        channels[index].hasEnded = true
        merge.add([], channel: index, known: channels.map(\.position)).forEach(deliver)
      } catch {
        merge.finish().forEach(deliver)
        throw error
      }
      var timings = Timings()
      for channel in channels { timings.add(channel.transcription.timings) }
      timings.duration = channels.map(\.transcription.timings.duration).max() ?? 0
      progress(timings.duration, timings)
    }
    merge.finish().forEach(deliver)
    if let failure { throw failure }
  }

  private func channel(_ samples: any SampleSource) throws -> Channel {
    var options = options
    var omissionGuard: OmissionGuard?
    var samples = samples
    if options.voiceActivity.filter {
      let sound = try WholeSound(samples, isCancelled: isCancelled)
      let activity = try detector.activity(in: sound.samples, isCancelled: isCancelled)
      let speech = SpeechFrames.of(
        try activity.speech(options.voiceActivityRules), within: options.clipFrames)
      // Where nobody speaks there is nothing to transcribe.
      options.clipTimestamps =
        speech.isEmpty
        ? [activity.duration]
        : speech.flatMap { [LogMelWindow.seconds($0.lowerBound), LogMelWindow.seconds($0.upperBound)] }
      omissionGuard = OmissionGuard(activity: activity)
      samples = RecordedSamples(sound.samples[...], failure: sound.failure)
    }
    // A lane holds memory only while a window is at work.
    let lane = NetworkLane(
      scheduler, sequences: options.firstHypotheses, isLive: false, isCancelled: isCancelled)
    return Channel(
      transcription: try SequentialTranscription(
        options, omissionGuard: omissionGuard, network: lane, tokenizer: tokenizer, detector: detector,
        watch: watch,
        isCancelled: isCancelled),
      source: LogMelSource(
        decoder: samples, bins: scheduler.model.dimensions.melBins,
        padding: options.windows.padding.windowPadding))
  }
}
