// A recording's way through the server: its place in the queue, its model, its sound.

#if Server
import Foundation
import Logging
import Swiftlet
import Synchronization

/// Transcribes recordings for whoever asks, as many at once as the server may.
struct TranscriptionService: Sendable {
  let options: ServerOptions
  let models: ModelPool
  let queue: AdmissionQueue
  let media: MediaOpener
  let metrics: ServerMetrics

  /// A recording to transcribe.
  struct Work: Sendable {
    var file: URL
    /// What the client calls it.
    var name: String
    var form: TranscriptionForm
    /// Of the model; see ``ModelPool/id(for:)``.
    var model: String
    var client: String
    /// Whether nobody waits for the answer.
    var isBulk = false
    /// Where it goes on; nil at the beginning.
    var checkpoint: TranscriptionCheckpoint?
  }

  /// What there is to know while it is transcribed.
  struct Updates: Sendable {
    /// It has its place; gives the seconds of sound, as far as they are known.
    var begun: @Sendable (Double?) async throws -> Void = { _ in }
    var progress: @Sendable (TranscriptionProgress) -> Void = { _ in }
    /// What there is to know of the recording at its end.
    var notices: @Sendable ([String]) -> Void = { _ in }
    var segment: @Sendable (Segment, Transcriber) async throws -> Void
  }

  /// Transcribes a recording; its segments are given one by one.
  ///
  /// - Returns: all of them.
  /// - Throws: ``APIError``, `SwiftletError`, or `CancellationError`.
  func transcribe(_ work: Work, updates: Updates) async throws -> Transcript {
    try await withTimeLimit(work.isBulk ? nil : options.timeLimit) {
      try await models.withModel(work.model) { transcriber in
        try transcriber.check(work.form.options)
        let media = try await media.open(
          work.file, name: work.name, track: work.form.track, channels: work.form.channels,
          language: work.form.options.language)
        if let duration = media.declaredDuration, duration > options.durationLimit { throw tooLong }
        let waited = ContinuousClock.now
        let place = try await queue.enter(
          client: work.client, seconds: media.declaredDuration ?? media.decodedDuration, isBulk: work.isBulk)
        metrics.queueTime.record(since: waited)
        do {
          let transcript = try await transcribe(media, work, transcriber, updates)
          await queue.exit(place, completed: true)
          return transcript
        } catch {
          await queue.exit(place, completed: false)
          throw error
        }
      }
    }
  }

  private func transcribe(
    _ media: DecodedMedia, _ work: Work, _ transcriber: Transcriber, _ updates: Updates
  ) async throws -> Transcript {
    let begin = ContinuousClock.now
    let timings = Mutex(Timings())
    var segments: [Segment] = []
    func transcript() -> Transcript {
      let last = timings.withLock { $0 }
      return Transcript(segments: segments, duration: last.duration, timings: last)
    }
    do {
      try await updates.begun(media.declaredDuration)
      let sequence = transcriber.segments(
        of: media.audioInput, options: work.form.options, from: work.checkpoint
      ) { progress in
        timings.withLock { $0 = progress.timings }
        updates.progress(progress)
      }
      for try await segment in sequence {
        if segments.isEmpty { metrics.firstSegment.record(since: begin) }
        segments.append(segment)
        try await updates.segment(segment, transcriber)
      }
      updates.notices(try await media.summary.notices)
    } catch var error as SwiftletError {
      // What was transcribed before is not lost.
      if !segments.isEmpty {
        if error.code == .unreadableAudio { error.code = .incompleteAudio }
        error.partialResult = transcript()
      }
      throw error
    }
    let whole = transcript()
    metrics.transcribed(
      seconds: whole.duration, in: ContinuousClock.now - begin, timings: whole.timings ?? Timings())
    return whole
  }

  private var tooLong: APIError {
    APIError.tooLarge(
      "The recording is longer than this server takes, which is \(Int(options.durationLimit)) seconds; split it."
    )
  }
}

/// Runs `body`, which is cancelled after so many seconds.
func withTimeLimit<Value: Sendable>(
  _ seconds: Double?, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  guard let seconds else { return try await body() }
  return try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: .seconds(seconds))
      throw APIError(
        status: .gatewayTimeout,
        message:
          "The request took more than \(Int(seconds)) seconds; use a job (POST /v1/jobs) for long recordings.",
        type: "server_error", code: "timeout")
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() else { throw CancellationError() }
    return value
  }
}
#endif
