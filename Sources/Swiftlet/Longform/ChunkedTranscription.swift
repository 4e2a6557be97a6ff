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
  /// For the workers, who are stopped with this.
  private let job: TranscriptionJob
  private let labels: Bool
  private let workers: BlockingThreads
  private var channels: [Channel]
  /// Raised by whoever asked for the transcription.
  private let stop: StopFlag
  /// Ends the reading, wherever it is.
  private let reading: StopFlag
  /// Where it goes on; nil at the beginning.
  private let checkpoint: TranscriptionCheckpoint?

  private var options: TranscriptionOptions { job.options }
  private var pool: SequencePool { job.scheduler.pool }

  /// What is known of a channel of the recording, or of all of it.
  private struct Channel {
    var reader: ChunkReader
    /// Chunks that were read ahead.
    var waiting: [SpeechChunk] = []
    var hasEnded = false
    var hasBegun = false
    /// Chunks that were done before.
    var skipped = 0
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
    var language: String?
    var languageProbability: Double?
    var outcome: Outcome<([Segment], Timings)>
  }

  /// - Parameters:
  ///   - sources: the recording's channels, or all of it.
  ///   - labels: whether segments bear the number of their channel.
  ///   - reading: raised when nothing more need be read.
  ///   - checkpoint: of the same recording, to go on there.
  init(
    _ job: TranscriptionJob, of sources: [any SampleSource], labels: Bool, reading: StopFlag,
    from checkpoint: TranscriptionCheckpoint? = nil
  ) {
    self.job = job.stoppedAlone()
    self.labels = labels
    self.reading = reading
    self.checkpoint = checkpoint
    stop = job.stop
    channels = sources.map {
      Channel(
        reader: ChunkReader($0, network: job.detector.network, options: job.options),
        language: job.options.language)
    }
    for (index, channel) in (checkpoint?.channels ?? []).enumerated() {
      channels[index].skipped = channel.chunks
      channels[index].hasBegun = channel.chunks > 0
      channels[index].language = channels[index].language ?? channel.language
      channels[index].languageProbability = channel.languageProbability
    }
    workers = BlockingThreads("swiftlet.chunk", limit: job.chunksAtOnce)
  }

  /// - Parameters:
  ///   - progress: called after every chunk, with the seconds that are done and where it could go on.
  ///   - deliver: given the segments in the order of the recording.
  /// - Throws: what ended the recording early, once everything before it has been delivered.
  func run(
    progress: (Double, Timings, TranscriptionCheckpoint) -> Void, deliver: (Segment) -> Void
  ) throws {
    var state = checkpoint ?? TranscriptionCheckpoint(languages: channels.map(\.language))
    var merge = SegmentMerge(channels: channels.count, labels: labels)
    merge.resume(from: state)
    // Kept from chunk to chunk.
    pool.begin(callers: job.chunksAtOnce, sequences: options.firstHypotheses)
    let queue = Handover<Running>(capacity: job.chunksAtOnce + 1)
    let reader = BlockingThreads("swiftlet.reader", limit: 1)
    // The channels are that thread's until the queue has ended.
    reader.add {
      queue.finish(Result { while let next = try self.begin(), queue.put(blocking: next) {} })
    }
    defer {
      job.stop.set()
      reading.set()
      queue.close()
      reader.finish()
      workers.finish()
      pool.end(callers: job.chunksAtOnce, sequences: options.firstHypotheses)
    }
    do {
      while let first = try queue.next(blockingUnless: { false }) {
        let (segments, spent) = try first.outcome.wait()
        let ready = merge.add(segments, channel: first.channel, known: first.known)
        ready.forEach(deliver)
        state.timings.add(first.timings)
        state.timings.add(spent)
        state.timings.duration = max(state.timings.duration, first.end)
        state.position = state.timings.duration
        state.segmentCount += ready.count
        state.channels[first.channel].chunks += 1
        state.channels[first.channel].language = first.language
        state.channels[first.channel].languageProbability = first.languageProbability
        merge.save(into: &state)
        progress(state.position, state.timings, state)
      }
      try stop.check()
    } catch {
      // What waits for another channel is not lost.
      merge.finish().forEach(deliver)
      throw error
    }
    let last = merge.finish()
    last.forEach(deliver)
    state.segmentCount += last.count
    state.timings.duration = channels.map(\.reader.position).max() ?? 0
    state.position = state.timings.duration
    merge.save(into: &state)
    progress(state.position, state.timings, state)
    for channel in channels { if let failure = channel.reader.failure { throw failure } }
  }

  /// Gives the next chunk to a worker; nil if there are no more. Channels are read at the same pace, so that none has to wait
  /// for another that is silent.
  private func begin() throws -> Running? {
    while true {
      try job.stop.check()
      let unfinished = channels.indices.filter { !channels[$0].hasEnded }
      guard let index = unfinished.min(by: { channels[$0].reader.position < channels[$1].reader.position })
      else {
        return nil
      }
      if !channels[index].waiting.isEmpty {
        return try begin(channels[index].waiting.removeFirst(), of: index)
      }
      switch channels[index].reader.step() {
      case .chunk(let chunk):
        if channels[index].skipped > 0 {
          channels[index].skipped -= 1
          continue
        }
        return try begin(chunk, of: index)
      case .nothingYet: continue
      case .end: channels[index].hasEnded = true
      }
    }
  }

  private func begin(_ chunk: SpeechChunk, of index: Int) throws -> Running {
    var timings = Timings()
    try detectLanguage(of: index, beginningWith: chunk, timings: &timings)
    let transcription = ChunkTranscription(
      job, chunk, language: channels[index].language, isFirst: !channels[index].hasBegun)
    channels[index].hasBegun = true
    let running = Running(
      channel: index,
      end: min(LogMelWindow.seconds(chunk.frames.upperBound), channels[index].reader.position),
      known: channels.map { $0.waiting.first?.start ?? $0.reader.knownUntil }, timings: timings,
      language: channels[index].language, languageProbability: channels[index].languageProbability,
      outcome: Outcome())
    let probability = channels[index].languageProbability
    workers.add { [outcome = running.outcome] in
      outcome.finish(
        Result {
          var (segments, timings) = try transcription.run()
          if let probability {
            for index in segments.indices { segments[index].languageProbability = probability }
          }
          return (segments, timings)
        })
    }
    return running
  }

  /// Seconds of speech in which a language is looked for, and the probability that leaves no doubt before that.
  private static let languageSeconds = 30.0
  private static let certainProbability = 0.8
  /// The share of the most probable language's votes with which another one is tried beside it.
  private static let leastShare = 0.5

  /// Detects the language of a channel by its first speech, where it is not given and not detected in each chunk. Chunks vote,
  /// by their lengths, until there is no doubt.
  private func detectLanguage(
    of index: Int, beginningWith chunk: SpeechChunk, timings: inout Timings
  ) throws {
    guard job.tokenizer.isMultilingual, channels[index].language == nil, !options.detectLanguagePerWindow
    else { return }
    var votes: [String: Double] = [:]
    var heard = 0.0
    defer {
      channels[index].languageProbability = channels[index].language.flatMap { votes[$0] }.map { $0 / heard }
    }
    var next: SpeechChunk? = chunk
    while let listened = next {
      let ranking = try ChunkTranscription(job, listened, language: nil, isFirst: true)
        .languages(timings: &timings)
      for (language, probability) in ranking {
        votes[language.code, default: 0] += probability * listened.seconds
      }
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
    var trial = job
    trial.options.fallback.temperatures = [0]
    let scores = try candidates.map { language in
      let (segments, spent) = try ChunkTranscription(
        trial, chunk, language: language, isFirst: !channels[index].hasBegun
      ).run()
      timings.add(spent)
      return segments.map(\.averageLogProbability).max() ?? -.infinity
    }
    channels[index].language = zip(candidates, scores).max { $0.1 < $1.1 }?.0
  }
}
