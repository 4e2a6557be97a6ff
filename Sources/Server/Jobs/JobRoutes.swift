// /v1/jobs: recordings that are transcribed though nobody waits.

#if Server
import Foundation
import HTTPTypes
import Hummingbird
import Swiftlet

/// A job as clients see it.
struct JobBody: Encodable, Sendable {
  private var job: JobRecord
  private var text: String?

  init(_ job: JobRecord, text: String? = nil) {
    self.job = job
    self.text = text
  }

  private enum Key: String, CodingKey {
    case id, object, status, name, model, task, bytes, duration, position, progress, language, text, error,
      notices
    case createdAt = "created_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
    case expiresAt = "expires_at"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(job.id, forKey: .id)
    try container.encode("transcription.job", forKey: .object)
    try container.encode(job.status, forKey: .status)
    try container.encode(job.name, forKey: .name)
    try container.encode(job.model, forKey: .model)
    try container.encode(job.task, forKey: .task)
    try container.encode(job.bytes, forKey: .bytes)
    try container.encode(Int(job.createdAt), forKey: .createdAt)
    try container.encode(job.startedAt.map { Int($0) }, forKey: .startedAt)
    try container.encode(job.finishedAt.map { Int($0) }, forKey: .finishedAt)
    try container.encode(job.expiresAt.map { Int($0) }, forKey: .expiresAt)
    try container.encode(job.duration, forKey: .duration)
    try container.encode(job.position, forKey: .position)
    try container.encode(job.progress, forKey: .progress)
    try container.encode(job.language, forKey: .language)
    if let text { try container.encode(text, forKey: .text) }
    try container.encode(
      job.error.flatMap { try? JSONDecoder().decode(APIError.Details.self, from: $0) }, forKey: .error)
    try container.encode(
      job.notices.flatMap { try? JSONDecoder().decode([String].self, from: $0) } ?? [], forKey: .notices)
  }
}

extension JobRecord {
  /// The share that is done, 0 to 1.
  var progress: Double {
    if status == .completed { return 1 }
    guard let duration, duration > 0 else { return 0 }
    return min(1, position / duration)
  }
}

/// Submitting, following and fetching jobs.
struct JobRoutes: Sendable {
  let store: JobStore
  let runner: JobRunner
  let webhooks: Webhooks
  let changes: JobChanges
  let models: ModelPool
  let uploads: UploadReader
  let remote: RemoteFiles
  let connections: Connections
  let shutdown: ShutdownState

  func add(to group: RouterGroup<ServerContext>) {
    group.post("jobs", use: submit)
    group.get("jobs", use: list)
    group.get("jobs/{id}") { _, context in try await answer(job(context)) }
    group.delete("jobs/{id}", use: delete)
    group.post("jobs/{id}/cancel", use: cancel)
    group.get("jobs/{id}/transcript", use: transcript)
    group.get("jobs/{id}/audio", use: audio)
    group.get("jobs/{id}/events", use: events)
  }

  // MARK: Submitting

  @Sendable private func submit(_ request: Request, _ context: ServerContext) async throws -> Response {
    let key = request.headers[.idempotencyKey]
    if let key, key.isEmpty || key.utf8.count > 255 {
      throw APIError.invalid("The Idempotency-Key must have 1 to 255 bytes.", param: "Idempotency-Key")
    }
    let upload = try await uploads.read(request, isDigested: true)
    var file = upload.file
    do {
      let form = try TranscriptionForm(upload.fields, for: .jobs)
      let model = try models.id(for: form.model)
      try await models.check(form.options, of: model)
      if let webhook = form.webhook { try webhooks.check(webhook) }
      let fetched = try await remote.file(of: upload, url: form.url)
      file = fetched
      let job = JobRecord(
        id: newIdentifier("job_"), owner: context.owner,
        name: fetched.name, bytes: fetched.bytes, model: model,
        fields: try JSONEncoder().encode(upload.fields.filter { $0.name != "model" && $0.name != "url" }),
        task: form.options.task.rawValue, createdAt: Date().timeIntervalSince1970, idempotencyKey: key,
        digest: upload.digest, webhook: form.webhook?.absoluteString)
      let (accepted, isNew) = try await store.add(job, audio: fetched.url)
      guard accepted.digest == job.digest else {
        throw APIError(
          status: .conflict,
          message: "Another request was made with this Idempotency-Key; use a new key for each.",
          param: "Idempotency-Key", code: "idempotency_mismatch")
      }
      if isNew { runner.look() }
      return JSON.response(
        JobBody(accepted, text: isNew ? "" : try await text(of: accepted)), status: isNew ? .accepted : .ok,
        headers: [.location: "/v1/jobs/\(accepted.id)"])
    } catch {
      if let file { try? FileManager.default.removeItem(at: file.url) }
      throw error
    }
  }

  @Sendable private func cancel(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await job(context)
    guard !job.status.isFinal else {
      throw APIError(
        status: .conflict, message: "The job has ended: it is \(job.status.rawValue).", code: "job_finished")
    }
    try await runner.end(job.id, .cancelled)
    await runner.stop(job.id)
    return try await answer(self.job(context))
  }

  @Sendable private func delete(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await job(context)
    await runner.stop(job.id)
    try await store.remove(job.id)
    changes.changed(job.id)
    return JSON.response(Deleted(id: job.id))
  }

  private struct Deleted: Encodable {
    var id: String
    var object = "transcription.job"
    var deleted = true
  }

  // MARK: Fetching

  private struct List: Encodable {
    var object = "list"
    var data: [JobBody]
    var hasMore: Bool

    enum CodingKeys: String, CodingKey {
      case object, data
      case hasMore = "has_more"
    }
  }

  @Sendable private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = request.uri.queryParameters
    var limit = 20
    if let text = query["limit"] {
      guard let number = Int(text), (1...100).contains(number) else {
        throw APIError.invalid("limit must be a number from 1 to 100.", param: "limit")
      }
      limit = number
    }
    var status: JobRecord.Status?
    if let text = query["status"] {
      guard let known = JobRecord.Status(rawValue: String(text)) else {
        let names = JobRecord.Status.allCases.map(\.rawValue).joined(separator: ", ")
        throw APIError.invalid("status must be one of these: \(names).", param: "status")
      }
      status = known
    }
    let after = query["after"].map(String.init)
    if let after, try await store.job(after, owner: context.owner) == nil {
      throw APIError.notFound("There is no job \(after.prefix(60)).", param: "after", code: "job_not_found")
    }
    let jobs = try await store.jobs(owner: context.owner, status: status, after: after, limit: limit + 1)
    return JSON.response(List(data: jobs.prefix(limit).map { JobBody($0) }, hasMore: jobs.count > limit))
  }

  @Sendable private func transcript(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await job(context)
    let query = request.uri.queryParameters
    guard let format = TranscriptionForm.ResponseFormat(rawValue: String(query["format"] ?? "json")) else {
      let names = TranscriptionForm.ResponseFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw APIError.invalid("format must be one of these: \(names).", param: "format")
    }
    let partial = query["partial"] ?? "false"
    guard partial == "true" || partial == "false" else {
      throw APIError.invalid("partial must be true or false.", param: "partial")
    }
    guard job.status == .completed || partial == "true" else {
      throw APIError(
        status: .conflict,
        message: "The job is \(job.status.rawValue); partial=true gives what there is so far.",
        param: "partial",
        code: "job_not_finished")
    }
    let transcript = try await whole(job)
    switch format {
    case .json: return JSON.response(PlainResponse(text: transcript.text, usage: Usage(transcript.duration)))
    case .verboseJSON:
      let task = TranscriptionOptions.SpeechTask(rawValue: job.task) ?? .transcribe
      return JSON.response(
        VerboseResponse(transcript, task: task, hasSegments: true, hasWords: true, segmentsHaveWords: true))
    default:
      let fields = try JSONDecoder().decode([UploadedForm.Field].self, from: job.fields)
      return try TranscriptionRoutes.text(
        transcript, format, try TranscriptionForm(fields, for: .jobs).subtitles)
    }
  }

  @Sendable private func audio(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await job(context)
    return try await FileResponse.answer(request, file: store.audio(of: job.id), context: context)
  }

  // MARK: Following

  private struct Progress: Encodable {
    var position: Double
    var duration: Double?
    var progress: Double
  }

  @Sendable private func events(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await job(context)
    // The last event that the client has seen, which is the number of a segment.
    let last = request.headers[.lastEventID].flatMap { Int($0) } ?? -1
    return EventWriter.response { [changes, store, connections, shutdown] events in
      let queue = EventQueue<FollowerEvent>()
      async let followed: Void = connections.cancellingOnClose(context.channel) {
        defer { queue.finish() }
        try await Self.follow(
          job.id, after: last, changes: changes, store: store, shutdown: shutdown, into: queue)
      }
      for await event in queue.events {
        switch event {
        case .segment(let number, let segment):
          try await events.send(
            SegmentBody(segment, id: number, hasWords: true), event: "segment", id: "\(number)")
        case .progress(let job):
          try await events.send(
            Progress(position: job.position, duration: job.duration, progress: job.progress),
            event: "progress")
        case .status(let body): try await events.send(body, event: "status")
        case .nothing: try await events.comment()
        }
      }
      try await followed
    }
  }

  private static func follow(
    _ id: String, after last: Int, changes: JobChanges, store: JobStore, shutdown: ShutdownState,
    into queue: EventQueue<FollowerEvent>
  ) async throws {
    // Before the first look, so that no change is lost between the two.
    let ticks = changes.follow(id)
    let beat = Task {
      for second in 1... {
        try await Task.sleep(for: .seconds(1))
        if second.isMultiple(of: 15) { queue.send(.nothing) }
        if shutdown.hasBegun { changes.changed(id) }
      }
    }
    defer { beat.cancel() }
    var number = last < 0 || last == .max ? 0 : last + 1
    var status: JobRecord.Status?
    var position = -1.0
    var iterator = ticks.makeAsyncIterator()
    while true {
      try Task.checkCancellation()
      guard let job = try await store.job(id) else { return }
      if job.status != status, !job.status.isFinal { queue.send(.status(JobBody(job))) }
      // A few at a time: a transcript can be long.
      while true {
        let segments = try await store.segments(of: id, from: number, limit: 200)
        for segment in segments {
          queue.send(.segment(number, segment))
          number += 1
        }
        if segments.count < 200 { break }
      }
      if job.position != position { queue.send(.progress(job)) }
      position = job.position
      status = job.status
      if job.status.isFinal {
        let segments = try await store.segments(of: id)
        queue.send(.status(JobBody(job, text: Transcript(segments: segments).text)))
        return
      }
      // The client comes back to the next server, and says what it has seen.
      if shutdown.hasBegun { return }
      _ = await iterator.next()
    }
  }

  // MARK: Helpers

  private func job(_ context: ServerContext) async throws -> JobRecord {
    let id = try context.parameters.require("id")
    guard let job = try await store.job(id, owner: context.owner) else {
      throw APIError.notFound(
        "There is no job \(id.prefix(60)); it may have expired.", param: "id", code: "job_not_found")
    }
    return job
  }

  private func answer(_ job: JobRecord) async throws -> Response {
    JSON.response(JobBody(job, text: try await text(of: job)))
  }

  private func text(of job: JobRecord) async throws -> String { try await whole(job).text }

  private func whole(_ job: JobRecord) async throws -> Transcript {
    Transcript(
      segments: try await store.segments(of: job.id),
      duration: job.status == .completed ? job.duration : job.position)
  }
}

/// What a follower of a job is sent.
private enum FollowerEvent: Sendable {
  case segment(Int, Segment)
  case progress(JobRecord)
  case status(JobBody)
  case nothing
}
#endif
