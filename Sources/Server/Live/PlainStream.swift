// /v1/stream: sound in, words out as they are said.

#if Server
import Foundation
import HTTPTypes
import Hummingbird
import Swiftlet

/// Words of live sound as JSON.
struct StreamUpdateBody: Encodable, Sendable {
  var type = "update"
  var committed: [WordBody]
  var partial: [WordBody]
  var position: Double
  var elapsed: Double
  var language: String?
  var notices: [String]?

  init(_ update: StreamingUpdate) {
    committed = update.committed.map { WordBody($0) }
    partial = update.partial.map { WordBody($0) }
    position = update.position
    elapsed = update.elapsed
    language = update.language
    notices = update.notices.isEmpty ? nil : update.notices
  }
}

/// The end of live sound.
private struct StreamEndBody: Encodable {
  var type = "done"
  var text: String
}

/// Transcribes live sound for one client.
struct PlainStream: Sendable {
  let models: ModelPool
  let live: LiveSessions
  let connections: Connections
  let decoder: MediaDecoder

  func add(to group: RouterGroup<ServerContext>) {
    group.post("stream", use: answer)
    group.get("stream") { _, _ -> Response in
      throw APIError(
        status: HTTPResponse.Status(code: 426, reasonPhrase: "Upgrade Required"),
        message: "Open a WebSocket here, or POST the sound.")
    }
  }

  /// Transcribes until the sound ends, and sends lines of JSON.
  private func run(
    _ request: LiveRequest, _ bytes: some AsyncSequence<[UInt8], any Error> & Sendable,
    send: @escaping @Sendable (String) async throws -> Void
  ) async throws {
    let id = try models.id(for: request.model)
    try await models.withModel(id) { transcriber in
      guard let format = request.format.samples else {
        return try await runContainer(request, bytes, transcriber, send: send)
      }
      let sound = bytes.samples(format)
      try await follow(.live(sound, sampleRate: request.sampleRate), request, transcriber, send: send)
    }
  }

  /// Decodes in the sandbox what comes, while it comes.
  private func runContainer(
    _ request: LiveRequest, _ bytes: some AsyncSequence<[UInt8], any Error> & Sendable,
    _ transcriber: Transcriber,
    send: @escaping @Sendable (String) async throws -> Void
  ) async throws {
    let feed = try MediaFeed()
    let feeding = Task {
      for try await piece in bytes { guard try await feed.write(piece) else { return } }
      feed.finish()
    }
    defer { feeding.cancel() }
    let media = try await withTaskCancellationHandler {
      try await decoder.decode(
        MediaRequest(.feed(feed), name: "The sound", language: request.options.language))
    } onCancel: {
      feeding.cancel()
    }
    try await follow(media.audioInput, request, transcriber, send: send)
  }

  private func follow(
    _ input: AudioInput, _ request: LiveRequest, _ transcriber: Transcriber,
    send: (String) async throws -> Void
  ) async throws {
    var text = ""
    for try await update in transcriber.stream(input, options: request.options, streaming: request.streaming)
    {
      text += update.committed.map(\.text).joined()
      try await send(JSON.string(StreamUpdateBody(update)))
    }
    try await send(JSON.string(StreamEndBody(text: text.trimmed)))
  }

  // MARK: HTTP

  @Sendable private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try LiveRequest(query: (request.uri.query ?? "").queryItems)
    try await models.check(asked.options, of: try models.id(for: asked.model))
    let session = try live.begin()
    let body = request.body
    return Response(
      status: .ok,
      headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store", .accelBuffering: "no"],
      body: ResponseBody { [self] writer in
        defer { withExtendedLifetime(session) {} }
        let lines = EventQueue<String>()
        async let done: Void = connections.cancellingOnClose(context.channel) {
          defer { lines.finish() }
          do {
            try await run(asked, body.map { Array($0.readableBytesView) }) { lines.send($0) }
          } catch {
            guard let known = APIError(error) else { throw error }
            lines.send(JSON.string(ErrorEvent(error: known.details)))
          }
        }
        for await line in lines.events { try await writer.write(ByteBuffer(string: line + "\n")) }
        try await done
        try await writer.finish(nil)
      })
  }

  // MARK: WebSocket

  /// Serves a WebSocket: binary messages are sound, `{"type":"end"}` ends it.
  func serve(_ connection: WebSocketConnection, _ request: LiveRequest) async {
    do {
      try await run(request, WebSocketSound(connection: connection)) {
        try await connection.send($0)
      }
    } catch {
      guard let known = APIError(error) else { return }
      try? await connection.send(JSON.string(ErrorEvent(error: known.details)))
    }
  }
}

/// The bytes in the messages of a WebSocket.
private struct WebSocketSound: AsyncSequence, Sendable {
  typealias Element = [UInt8]
  typealias Failure = any Error

  let connection: WebSocketConnection

  func makeAsyncIterator() -> Iterator {
    var messages = connection.messages.makeAsyncIterator()
    return Iterator { try await messages.next() }
  }

  struct Iterator: AsyncIteratorProtocol {
    let nextMessage: () async throws -> WebSocketMessage?

    mutating func next() async throws -> [UInt8]? {
      switch try await nextMessage() {
      case nil: return nil
      case .binary(let bytes): return bytes
      case .text(let text):
        guard
          let message = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)),
          message["type"] == "end"
        else {
          throw APIError.invalid("A text message must be {\"type\":\"end\"}; sound comes in binary messages.")
        }
        return nil
      }
    }
  }
}

extension AsyncSequence where Self: Sendable, Element == [UInt8], Failure == any Error {
  /// The samples in pieces of bytes.
  fileprivate func samples(_ format: AudioInput.SampleFormat) -> SampleSequence<Self> {
    SampleSequence(bytes: self, format: format)
  }
}

private struct SampleSequence<Bytes: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Bytes.Element == [UInt8] {
  typealias Element = [Float]

  let bytes: Bytes
  let format: AudioInput.SampleFormat

  func makeAsyncIterator() -> Iterator {
    Iterator(bytes: bytes.makeAsyncIterator(), reader: SampleReader(format))
  }

  struct Iterator: AsyncIteratorProtocol {
    var bytes: Bytes.AsyncIterator
    var reader: SampleReader

    mutating func next() async throws -> [Float]? {
      guard let piece = try await bytes.next() else { return nil }
      return reader.samples(in: piece)
    }
  }
}
#endif
