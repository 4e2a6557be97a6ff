// Jobs, one after the other, until there are none.

#if Server
import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import Swiftlet

/// Transcribes jobs in the background, and keeps what is known of them in the ``JobStore``.
actor JobRunner: Service {
  private let store: JobStore
  private let service: TranscriptionService
  private let webhooks: Webhooks
  private let changes: JobChanges
  private let options: ServerOptions
  private let shutdown: ShutdownState
  private let logger: Logger
  /// The jobs at work, and whose they are.
  private var running: [String: (owner: String, task: Task<Void, Never>)] = [:]
  /// Jobs that could not be begun, and when they are tried again.
  private var postponed: [String: ContinuousClock.Instant] = [:]
  private let wakeUps = WakeUps()

  init(
    store: JobStore, service: TranscriptionService, webhooks: Webhooks, changes: JobChanges,
    options: ServerOptions,
    shutdown: ShutdownState, logger: Logger
  ) {
    self.shutdown = shutdown
    self.store = store
    self.service = service
    self.webhooks = webhooks
    self.changes = changes
    self.options = options
    self.logger = logger
  }

  /// There may be something to do.
  nonisolated func look() { wakeUps.call() }

  func run() async throws {
    await wakeUps.run(every: 5) {
      await self.removeExpired()
      await self.begin()
    }
    // What is at work goes on after the restart, behind its last finished chunk.
    for job in running.values { job.task.cancel() }
    for job in running.values { await job.task.value }
  }

  /// Stops a job that is at work.
  func stop(_ id: String) { running[id]?.task.cancel() }

  private func begin() async {
    while running.count < options.concurrency, !Task.isCancelled, !shutdown.hasBegun {
      postponed = postponed.filter { $0.value > .now }
      let owners = Dictionary(grouping: running.values, by: \.owner).mapValues(\.count)
      guard let job = try? await store.next(notOf: owners, without: Set(running.keys).union(postponed.keys)),
        running[job.id] == nil
      else { return }
      running[job.id] = (
        job.owner,
        Task {
          await self.transcribe(job)
          self.ended(job.id)
        }
      )
    }
  }

  private func ended(_ id: String) {
    running[id] = nil
    look()
  }

  private func removeExpired() async {
    for id in (try? await store.expired(at: Date().timeIntervalSince1970)) ?? [] {
      try? await store.remove(id)
    }
  }

  private func transcribe(_ job: JobRecord) async {
    do {
      let fields = try JSONDecoder().decode([UploadedForm.Field].self, from: job.fields)
      let form = try TranscriptionForm(fields, for: .jobs)
      let checkpoint = try job.checkpoint.map {
        try JSONDecoder().decode(TranscriptionCheckpoint.self, from: $0)
      }
      try await store.dropSegments(of: job.id, from: checkpoint?.segmentCount ?? 0)
      let progress = JobProgress(job, store: store, changes: changes, after: checkpoint?.segmentCount ?? 0)
      let work = TranscriptionService.Work(
        file: store.audio(of: job.id), name: job.name, form: form, model: job.model,
        client: "job:" + job.owner, isBulk: true,
        checkpoint: checkpoint)
      async let saved: Void = progress.save()
      do {
        defer { progress.finish() }
        let transcript = try await service.transcribe(
          work,
          updates: .init(
            begun: { duration in
              try await self.store.update(job.id) { job in
                job.status = .running
                job.startedAt = job.startedAt ?? Date().timeIntervalSince1970
                job.duration = duration ?? job.duration
              }
              self.changes.changed(job.id)
            },
            progress: { progress.send(.progress($0)) },
            notices: { progress.send(.notices($0)) },
            segment: { segment, _ in progress.send(.segment(segment)) }))
        progress.send(.end(duration: transcript.duration))
      }
      try await saved
      try await end(job.id, .completed) { $0.position = $0.duration ?? $0.position }
    } catch is CancellationError {
      // Cancelled by its owner, who has written so; or the server ends.
    } catch {
      if !Task.isCancelled { await fail(job.id, error) }
    }
    changes.changed(job.id)
  }

  private func fail(_ id: String, _ error: any Error) async {
    let known = APIError(error) ?? .unexpected
    if known.status == .serviceUnavailable {
      // A model that can't be loaded now, or a decoder that can't be started: the job is not to blame.
      postponed[id] = .now + .seconds(Double(known.retryAfter ?? 30))
      _ = try? await store.update(id) { $0.status = .queued }
      return
    }
    if known.status.code >= 500 { logger.error("A job failed: \(error)", metadata: ["job": "\(id)"]) }
    do {
      try await end(id, .failed) { $0.error = JSON.data(known.details) }
    } catch {
      logger.error("A job's end could not be written: \(error)", metadata: ["job": "\(id)"])
    }
  }

  /// Writes that a job has come to its end, and tells whoever wants to know.
  func end(
    _ id: String, _ status: JobRecord.Status,
    _ change: @escaping @Sendable (inout JobRecord) -> Void = { _ in }
  ) async throws {
    let now = Date().timeIntervalSince1970
    try await store.update(id, webhook: webhooks.message) { [options] job in
      job.status = status
      job.finishedAt = now
      job.expiresAt = now + options.jobLifetime
      job.checkpoint = nil
      change(&job)
    }
    webhooks.look()
    changes.changed(id)
  }
}

/// Writes what becomes known of a job into the store, chunk by chunk.
///
/// Segments and checkpoints come by different ways: a checkpoint is written when all segments before it have come.
private final class JobProgress: Sendable {
  enum Event: Sendable {
    case segment(Segment)
    case progress(TranscriptionProgress)
    /// Of the recording, at its end.
    case notices([String])
    /// All segments have come.
    case end(duration: Double)
  }

  private let job: JobRecord
  private let store: JobStore
  private let changes: JobChanges
  private let queue = EventQueue<Event>()
  /// Segments that are in the store already.
  private let first: Int

  init(_ job: JobRecord, store: JobStore, changes: JobChanges, after first: Int) {
    self.first = first
    self.job = job
    self.store = store
    self.changes = changes
  }

  func send(_ event: Event) { queue.send(event) }
  func finish() { queue.finish() }

  func save() async throws {
    var saved = first
    var pending: [Segment] = []
    var latest: TranscriptionProgress?
    /// What was written last.
    var written: TranscriptionProgress?
    var notices: [String] = []
    for await event in queue.events {
      switch event {
      case .segment(let segment): pending.append(segment)
      case .progress(let progress):
        // What is known already stays until there is more.
        guard progress.checkpoint != nil || job.checkpoint == nil else { continue }
        latest = progress
      case .notices(let more):
        notices = more
        continue
      case .end(let duration):
        var progress = latest ?? written
        progress?.position = duration
        progress?.notices += notices
        try await write(pending[...], from: saved, progress, duration: duration)
        saved += pending.count
        pending = []
        continue
      }
      guard let progress = latest else { continue }
      let count: Int
      if let checkpoint = progress.checkpoint {
        guard checkpoint.segmentCount <= saved + pending.count else { continue }
        count = checkpoint.segmentCount - saved
      } else {
        count = pending.count
      }
      guard count >= 0 else { continue }
      latest = nil
      written = progress
      try await write(pending.prefix(count), from: saved, progress, duration: progress.duration)
      pending.removeFirst(count)
      saved += count
    }
  }

  private func write(
    _ segments: ArraySlice<Segment>, from number: Int, _ progress: TranscriptionProgress?, duration: Double?
  ) async throws {
    try await store.add(
      Array(segments), from: number, to: job.id, position: progress?.position ?? job.position,
      duration: duration,
      checkpoint: progress?.checkpoint, notices: progress?.notices ?? [])
    changes.changed(job.id)
  }
}
#endif
