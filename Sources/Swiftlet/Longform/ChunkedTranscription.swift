// Recordings, their chunks of speech side by side.

import Foundation
import SwiftletAudio
import SwiftletText

/// Transcribes the chunks of a recording at the same time, each by itself, while the recording is read.
///
/// Chunks are decoded without timestamps, as faster-whisper's are: without timestamps to go by, a chunk is heard once, and more
/// of it is heard right. When its sentences were said, and whether any are missing, their words tell. The windows of chunks meet
/// in the steps of the ``NetworkScheduler``. One thread reads and gives chunks to workers, the caller's takes the results in order, so
/// that what is known is delivered while a pipe has nothing more to give.
///
/// Unchecked: while it runs, ``channels`` belong to the reading thread.
final class ChunkedTranscription: @unchecked Sendable {
  private let options: TranscriptionOptions
  private let scheduler: NetworkScheduler
  private let tokenizer: Tokenizer
  private let detector: VoiceActivityDetector
  private let isCancelled: @Sendable () -> Bool
  private let labels: Bool
  private let watch: ForeignSpeechWatch
  private let stop = StopFlag()
  private let workers = OperationQueue()
  private var channels: [Channel]
  /// Ends the reading, wherever it is.
  private let abandon: @Sendable () -> Void

  /// What is known of a channel of the recording, or of all of it.
  private struct Channel {
    var reader: ChunkReader
    /// Chunks that were read ahead.
    var waiting: [SpeechChunk] = []
    var hasEnded = false
    var hasBegun = false
    var language: String?
    /// If it was detected: the mean over the speech it was detected in.
    var languageProbability: Double?
  }

  /// A chunk that a worker has.
  private struct Running: Sendable {
    var channel: Int
    var end: Double
    /// Up to where the chunks of each channel had been given to workers with this one.
    var known: [Double]
    /// What was spent on it before.
    var timings: Timings
    var outcome: Outcome<([Segment], Timings)>
  }

  /// - Parameters:
  ///   - readers: of the recording's channels, or of all of it.
  ///   - labels: whether segments bear the number of their channel.
  ///   - watch: given what chunks tell of their language.
  ///   - abandon: called when nothing more need be read.
  init(
    _ readers: [ChunkReader], labels: Bool, options: TranscriptionOptions, scheduler: NetworkScheduler,
    tokenizer: Tokenizer,
    detector: VoiceActivityDetector, watch: ForeignSpeechWatch,
    isCancelled: @escaping @Sendable () -> Bool,
    abandon: @escaping @Sendable () -> Void
  ) {
    self.abandon = abandon
    self.options = options
    self.labels = labels
    self.watch = watch
    self.scheduler = scheduler
    self.tokenizer = tokenizer
    self.detector = detector
    self.isCancelled = isCancelled
    channels = readers.map { Channel(reader: $0, language: options.language) }
    workers.maxConcurrentOperationCount = options.chunksAtOnce
    workers.qualityOfService = .userInitiated
  }

  /// - Parameters:
  ///   - progress: called after every chunk, with the seconds that are done.
  ///   - deliver: given the segments in the order of the recording.
  /// - Throws: what ended the recording early, once everything before it has been delivered.
  func run(progress: (Double, Timings) -> Void, deliver: (Segment) -> Void) throws {
    // Kept from chunk to chunk.
    scheduler.pool.begin(callers: options.chunksAtOnce, sequences: options.firstHypotheses)
    let queue = BoundedQueue<Running>(capacity: options.chunksAtOnce + 1)
    let reading = Outcome<Void>()
    let reader = OperationQueue()
    reader.addOperation {
      reading.finish(Result { while let next = try self.begin(), queue.put(next) {} })
      queue.end()
    }
    defer {
      stop.set()
      abandon()
      queue.close()
      reader.waitUntilAllOperationsAreFinished()
      workers.waitUntilAllOperationsAreFinished()
      scheduler.pool.end(callers: options.chunksAtOnce, sequences: options.firstHypotheses)
    }
    var merge = SegmentMerge(channels: channels.count, labels: labels)
    var timings = Timings()
    do {
      while let first = queue.take() {
        let (segments, spent) = try first.outcome.wait()
        merge.add(segments, channel: first.channel, known: first.known).forEach(deliver)
        timings.add(first.timings)
        timings.add(spent)
        timings.duration = max(timings.duration, first.end)
        progress(timings.duration, timings)
      }
      try reading.wait()
      if isCancelled() { throw CancellationError() }
    } catch {
      // What waits for another channel is not lost.
      merge.finish().forEach(deliver)
      throw error
    }
    merge.finish().forEach(deliver)
    timings.duration = channels.map(\.reader.position).max() ?? 0
    progress(timings.duration, timings)
    for channel in channels { if let failure = channel.reader.failure { throw failure } }
  }

  /// Gives the next chunk to a worker; nil if there are no more. Channels are read at the same pace, so that none has to wait
  /// for another that is silent.
  private func begin() throws -> Running? {
    while true {
      if isCancelled() { throw CancellationError() }
      let unfinished = channels.indices.filter { !channels[$0].hasEnded }
      guard let index = unfinished.min(by: { channels[$0].reader.position < channels[$1].reader.position })
      else {
        return nil
      }
      if !channels[index].waiting.isEmpty {
        return try begin(channels[index].waiting.removeFirst(), of: index)
      }
      switch channels[index].reader.step() {
      case .chunk(let chunk): return try begin(chunk, of: index)
      case .nothingYet: continue
      case .end: channels[index].hasEnded = true
      }
    }
  }

  private func begin(_ chunk: SpeechChunk, of index: Int) throws -> Running {
    var options = options
    options.clipTimestamps = []
    options.windows.timestamps = false
    options.decoding.seed &+= UInt64(chunk.frames.lowerBound)
    if channels[index].hasBegun { options.prefix = nil }
    channels[index].hasBegun = true
    var timings = Timings()
    try detectLanguage(of: index, beginningWith: chunk, options, timings: &timings)
    options.language = channels[index].language
    let running = Running(
      channel: index,
      end: min(LogMelWindow.seconds(chunk.frames.upperBound), channels[index].reader.position),
      known: channels.map { $0.waiting.first?.start ?? $0.reader.knownUntil }, timings: timings,
      outcome: Outcome())
    let probability = channels[index].languageProbability
    workers.addOperation { [worker, options, outcome = running.outcome] in
      outcome.finish(Result { try worker.transcribe(chunk, options, languageProbability: probability) })
    }
    return running
  }

  private var worker: ChunkWorker {
    ChunkWorker(
      scheduler: scheduler, tokenizer: tokenizer, detector: detector, watch: watch,
      isCancelled: { [stop, isCancelled] in stop.isSet || isCancelled() })
  }

  /// Seconds of speech in which a language is looked for, and the probability that leaves no doubt before that.
  private static let languageSeconds = 30.0
  private static let certainProbability = 0.8
  /// The share of the most probable language's votes with which another one is tried beside it.
  private static let leastShare = 0.5

  /// Detects the language of a channel by its first speech, where it is not given and not detected in each chunk. Chunks vote,
  /// by their lengths, until there is no doubt.
  private func detectLanguage(
    of index: Int, beginningWith chunk: SpeechChunk, _ options: TranscriptionOptions, timings: inout Timings
  ) throws {
    guard tokenizer.isMultilingual, channels[index].language == nil, !options.detectLanguagePerWindow else {
      return
    }
    var votes: [String: Double] = [:]
    var heard = 0.0
    defer {
      channels[index].languageProbability = channels[index].language.flatMap { votes[$0] }.map { $0 / heard }
    }
    var next: SpeechChunk? = chunk
    while let listened = next {
      let ranking = try worker.languages(of: listened, options, timings: &timings)
      for (code, probability) in ranking { votes[code, default: 0] += probability * listened.seconds }
      heard += listened.seconds
      channels[index].language = votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
      if votes.values.contains(where: { $0 >= Self.certainProbability * heard }) { return }
      if heard >= Self.languageSeconds { break }
      next = channels[index].reader.next()
      if let next { channels[index].waiting.append(next) }
    }
    // What is written in the wrong language of two that are alike is improbable.
    let most = votes.values.max() ?? 0
    let candidates = votes.filter { $0.value >= Self.leastShare * most }.keys.sorted()
    guard candidates.count > 1 else { return }
    let scores = try candidates.map { language in
      var options = options
      options.language = language
      options.fallback.temperatures = [0]
      let (segments, spent) = try worker.transcribe(chunk, options)
      timings.add(spent)
      return segments.map(\.averageLogProbability).max() ?? -.infinity
    }
    channels[index].language = zip(candidates, scores).max { $0.1 < $1.1 }?.0
  }
}

/// Transcribes one chunk after the other, on any thread.
private struct ChunkWorker: Sendable {
  let scheduler: NetworkScheduler
  let tokenizer: Tokenizer
  let detector: VoiceActivityDetector
  let watch: ForeignSpeechWatch
  let isCancelled: @Sendable () -> Bool

  /// - Parameter languageProbability: that of the language in `options`, if it was detected.
  func transcribe(
    _ chunk: SpeechChunk, _ options: TranscriptionOptions, languageProbability: Double? = nil
  ) throws -> ([Segment], Timings) {
    if isCancelled() { throw CancellationError() }
    var segments: [Segment] = []
    let timings = try scheduler.withLane(sequences: options.firstHypotheses, isCancelled: isCancelled) {
      network in
      let transcription = try SequentialTranscription(
        options, cutsSentences: true,
        omissionGuard: OmissionGuard(activity: chunk.activity, start: chunk.activityStart), network: network,
        tokenizer: tokenizer, detector: detector, watch: watch, offset: chunk.start, isCancelled: isCancelled)
      try transcription.run(source(chunk, options)) { segments.append($0) }
      return transcription.timings
    }
    if let languageProbability {
      for index in segments.indices { segments[index].languageProbability = languageProbability }
    }
    return (segments.map { $0.shifted(by: chunk.start) }, timings)
  }

  func languages(
    of chunk: SpeechChunk, _ options: TranscriptionOptions, timings: inout Timings
  ) throws -> [(String, Double)] {
    guard let window = try source(chunk, options).window(at: 0) else { return [] }
    return try scheduler.withLane(sequences: 1, isCancelled: isCancelled) { network in
      try network.detectLanguage(
        of: window, among: options.candidates, specials: tokenizer.specials, timings: &timings,
        isCancelled: isCancelled
      ).map { ($0.language.code, $0.probability) }
    }
  }

  private func source(_ chunk: SpeechChunk, _ options: TranscriptionOptions) -> LogMelSource {
    LogMelSource(
      decoder: RecordedSamples(chunk.samples[...]), bins: scheduler.model.dimensions.melBins,
      padding: options.windows.padding.windowPadding)
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
