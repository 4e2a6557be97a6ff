// POST /v1/audio/transcriptions and /v1/audio/translations.

#if Server
import Foundation
import HTTPTypes
import Hummingbird
import Swiftlet

/// OpenAI's endpoints for recordings.
struct TranscriptionRoutes: Sendable {
  let service: TranscriptionService
  let uploads: UploadReader
  let remote: RemoteFiles
  let connections: Connections

  func add(to group: RouterGroup<ServerContext>) {
    group.post("audio/transcriptions") { try await answer($0, $1, .transcriptions) }
    group.post("audio/translations") { try await answer($0, $1, .translations) }
  }

  private func answer(
    _ request: Request, _ context: ServerContext, _ endpoint: TranscriptionForm.Endpoint
  ) async throws -> Response {
    let upload = try await uploads.read(request)
    let received = Received(upload)
    do {
      let form = try TranscriptionForm(upload.fields, for: endpoint)
      let model = try service.models.id(for: form.model)
      let file = try await remote.file(of: upload, url: form.url)
      received.url = file.url
      let work = TranscriptionService.Work(
        file: file.url, name: file.name, form: form, model: model, client: context.client)
      if form.isStreamed { return try await stream(work, received, context) }
      let transcript = try await connections.cancellingOnClose(context.channel) {
        try await Self.transcribe(work, with: service)
      }
      received.remove()
      return try respond(transcript, form)
    } catch {
      received.remove()
      throw error
    }
  }

  private func respond(
    _ result: (transcript: Transcript, logprobs: [TokenLogProbability]), _ form: TranscriptionForm
  ) throws -> Response {
    let transcript = result.transcript
    switch form.format {
    case .json:
      return JSON.response(
        PlainResponse(
          text: transcript.text, logprobs: form.givesLogProbabilities ? result.logprobs : nil,
          usage: Usage(transcript.duration)))
    case .verboseJSON:
      return JSON.response(
        VerboseResponse(
          transcript, task: form.options.task, hasSegments: form.givesSegments, hasWords: form.givesWords))
    default: return try Self.text(transcript, form.format, form.subtitles)
    }
  }

  /// A transcript in one of the formats that are text.
  static func text(
    _ transcript: Transcript, _ format: TranscriptionForm.ResponseFormat, _ subtitles: SubtitleOptions
  ) throws -> Response {
    let text =
      format == .text
      ? transcript.text + "\n" : try transcript.formatted(as: format.output ?? .txt, subtitles: subtitles)
    return Response(
      status: .ok, headers: [.contentType: format.contentType],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// An answer of events. What can be refused is refused before it begins, with a status of its own.
  private func stream(
    _ work: TranscriptionService.Work, _ received: Received, _ context: ServerContext
  ) async throws -> Response {
    let queue = EventQueue<AnswerEvent>()
    let task = Task { [connections, service] in
      defer {
        queue.finish()
        received.remove()
      }
      // It ends with the connection.
      return try await connections.cancellingOnClose(context.channel) {
        try await Self.transcribe(work, with: service, into: queue)
      }
    }
    let hasBegun = await withTaskCancellationHandler {
      for await _ in queue.events { return true }
      return false
    } onCancel: {
      task.cancel()
    }
    guard hasBegun else {
      _ = try await task.value
      throw APIError.unexpected
    }
    return EventWriter.response { events in
      try await withTaskCancellationHandler {
        for await event in queue.events { try await events.send(event) }
        let (whole, logprobs) = try await task.value
        try await events.send(
          TextEvent.done(whole, logprobs: work.form.givesLogProbabilities ? logprobs : nil))
      } onCancel: {
        task.cancel()
      }
    }
  }

  /// - Parameter queue: is sent what belongs to a streamed answer; nil where there is none.
  private static func transcribe(
    _ work: TranscriptionService.Work, with service: TranscriptionService,
    into queue: EventQueue<AnswerEvent>? = nil
  ) async throws -> (Transcript, [TokenLogProbability]) {
    let form = work.form
    let collected = Collected()
    let transcript = try await service.transcribe(
      work,
      updates: .init(begun: { _ in queue?.send(.begun) }) { segment, transcriber in
        let logprobs = form.givesLogProbabilities ? TokenLogProbability.list(of: segment, transcriber) : nil
        collected.add(logprobs ?? [])
        guard let queue else { return }
        let (number, delta) = collected.add(segment)
        if form.givesSegments || form.givesWords {
          queue.send(.segment(SegmentEvent(segment, id: number, hasWords: form.givesWords)))
        }
        if !delta.isEmpty { queue.send(.text(TextEvent.delta(delta, logprobs: logprobs))) }
      })
    return (transcript, collected.all)
  }
}

/// The file of an upload, until the answer is given.
private final class Received: @unchecked Sendable {
  // Set before the work begins, and read after it.
  var url: URL?

  init(_ form: UploadedForm) { url = form.file?.url }

  func remove() {
    if let url { try? FileManager.default.removeItem(at: url) }
  }
}

/// What has come of a recording so far.
private final class Collected: @unchecked Sendable {
  // Touched by one task, the one that takes segments.
  private var logprobs: [TokenLogProbability] = []
  private var text = DeltaText()
  private var count = 0

  var all: [TokenLogProbability] { logprobs }

  func add(_ more: [TokenLogProbability]) { logprobs += more }

  /// - Returns: the segment's number, and the text that it adds.
  func add(_ segment: Segment) -> (number: Int, delta: String) {
    defer { count += 1 }
    return (count, text.add(segment))
  }
}

/// What a streamed answer consists of.
private enum AnswerEvent: Encodable, Sendable {
  /// The transcription begins; not sent.
  case begun
  case text(TextEvent)
  case segment(SegmentEvent)

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .begun: break
    case .text(let event): try event.encode(to: encoder)
    case .segment(let event): try event.encode(to: encoder)
    }
  }
}
#endif
