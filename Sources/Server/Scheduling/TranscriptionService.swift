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
  let media: any MediaOpener
  let metrics: ServerMetrics

  /// A recording to transcribe.
  struct Work: Sendable {
    var file: URL
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
        let opened = try await media.open(
          work.file, track: work.form.track, channels: work.form.channels,
          language: work.form.options.language)
        do {
          let transcript = try await transcribe(opened, work, transcriber, updates)
          await opened.close()
          return transcript
        } catch {
          await opened.close()
          throw error
        }
      }
    }
  }

  private func transcribe(
    _ opened: OpenedMedia, _ work: Work, _ transcriber: Transcriber, _ updates: Updates
  ) async throws -> Transcript {
    if let duration = opened.duration, duration > options.durationLimit { throw tooLong }
    let waited = ContinuousClock.now
    let place = try await queue.enter(
      client: work.client, seconds: opened.duration ?? 30, isBulk: work.isBulk)
    metrics.queueTime.record(since: waited)
    let begin = ContinuousClock.now
    do {
      try await updates.begun(opened.duration)
      let timings = Mutex(Timings())
      var segments: [Segment] = []
      for try await segment in transcriber.segments(
        of: opened.input, options: work.form.options, from: work.checkpoint,
        progress: { progress in
          timings.withLock { $0 = progress.timings }
          updates.progress(progress)
        })
      {
        segments.append(segment)
        try await updates.segment(segment, transcriber)
      }
      try await opened.check()
      let last = timings.withLock { $0 }
      await queue.exit(place, completed: true)
      metrics.transcribed(seconds: last.duration, in: ContinuousClock.now - begin, timings: last)
      return Transcript(segments: segments, duration: last.duration, timings: last)
    } catch {
      await queue.exit(place, completed: false)
      throw error
    }
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
