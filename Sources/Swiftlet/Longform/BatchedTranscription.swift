// One recording, its chunks of speech side by side.

import Foundation
import SwiftletAudio
import SwiftletText

/// Transcribes the chunks of a recording at the same time, each as a recording of its own that knows nothing of the others.
///
/// Their windows meet in the steps of the ``NetworkScheduler``.
struct BatchedTranscription {
  let options: TranscriptionOptions
  let scheduler: NetworkScheduler
  let tokenizer: Tokenizer
  let detector: VoiceActivityDetector
  let isCancelled: @Sendable () -> Bool

  /// - Parameters:
  ///   - samples: of the whole recording.
  ///   - activity: of the whole recording.
  ///   - chunks: frames of 10 ms, in order.
  ///   - progress: called after every chunk, with the seconds that are done.
  ///   - deliver: given the segments in the order of the recording.
  func run(
    _ samples: [Float], activity: VoiceActivity, chunks: [Range<Int>], progress: (Double, Timings) -> Void,
    deliver: (Segment) -> Void
  ) throws {
    var timings = Timings()
    let options = try withLanguage(samples, of: chunks.first, timings: &timings)
    let stop = StopFlag()
    let isCancelled = { @Sendable [isCancelled] in stop.isSet || isCancelled() }
    let workers = OperationQueue()
    workers.maxConcurrentOperationCount = options.batchSize
    workers.qualityOfService = .userInitiated
    // Kept from chunk to chunk.
    let callers = min(options.batchSize, chunks.count)
    scheduler.pool.begin(callers: callers, sequences: options.firstHypotheses)
    defer { scheduler.pool.end(callers: callers, sequences: options.firstHypotheses) }
    let waiting = chunks.map { _ in Outcome<([Segment], Timings)>() }
    for (index, chunk) in waiting.enumerated() {
      workers.addOperation {
        chunk.finish(
          Result {
            try self.transcribe(
              samples, activity, chunks[index], index == 0, options, isCancelled: isCancelled)
          })
      }
    }
    defer {
      stop.set()
      workers.waitUntilAllOperationsAreFinished()
    }
    for (range, chunk) in zip(chunks, waiting) {
      let (segments, spent) = try chunk.wait()
      segments.forEach(deliver)
      timings.add(spent)
      timings.duration = LogMelWindow.seconds(range.upperBound)
      progress(timings.duration, timings)
    }
  }

  /// The options with the language of the first chunk, where it is not given and not detected in each.
  private func withLanguage(
    _ samples: [Float], of chunk: Range<Int>?, timings: inout Timings
  ) throws -> TranscriptionOptions {
    var options = options
    guard tokenizer.isMultilingual, options.language == nil, !options.detectLanguagePerWindow, let chunk,
      let window = try source(samples, chunk).window(at: 0)
    else { return options }
    options.language = try scheduler.withLane(sequences: 1, isCancelled: isCancelled) { network in
      try network.detectLanguage(
        of: window, specials: tokenizer.specials, timings: &timings, isCancelled: isCancelled
      ).first?.language.code
    }
    return options
  }

  private func transcribe(
    _ samples: [Float], _ activity: VoiceActivity, _ chunk: Range<Int>, _ isFirst: Bool,
    _ options: TranscriptionOptions, isCancelled: @escaping @Sendable () -> Bool
  ) throws -> ([Segment], Timings) {
    if isCancelled() { throw CancellationError() }
    var options = options
    options.clipTimestamps = []
    // As faster-whisper's: without timestamps to go by, a chunk is heard once, and more of it is heard right. When its
    // sentences were said, and whether any are missing, their words tell.
    let cutsSentences = options.timestamps
    options.timestamps = false
    options.seed &+= UInt64(chunk.lowerBound)
    if !isFirst { options.prefix = nil }
    let start = LogMelWindow.seconds(chunk.lowerBound)
    var segments: [Segment] = []
    let timings = try scheduler.withLane(
      sequences: options.firstHypotheses, isCancelled: isCancelled
    ) { network in
      let transcription = try SequentialTranscription(
        options, cutsSentences: cutsSentences,
        omissionGuard: OmissionGuard(activity: activity, start: -start), network: network,
        tokenizer: tokenizer, detector: detector, isCancelled: isCancelled)
      try transcription.run(source(samples, chunk), progress: { _ in }, deliver: { segments.append($0) })
      return transcription.timings
    }
    return (segments.map { $0.shifted(by: start) }, timings)
  }

  private func source(_ samples: [Float], _ chunk: Range<Int>) -> LogMelSource {
    let bounds = chunk.lowerBound * LogMelSpectrogram.hop..<chunk.upperBound * LogMelSpectrogram.hop
    return LogMelSource(
      decoder: RecordedSamples(samples[bounds.clamped(to: samples.indices)]),
      bins: scheduler.model.dimensions.melBins, padding: options.padding.windowPadding)
  }
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
