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
    _ request: LiveRequest, _ sound: some AsyncSequence<[Float], any Error> & Sendable,
    send: @Sendable (String) async throws -> Void
  ) async throws {
    let id = try models.id(for: request.model)
    try await live.run {
      try await models.withModel(id) { transcriber in
        var text = ""
        let input = AudioInput.live(sound, sampleRate: request.sampleRate)
        for try await update in transcriber.stream(
          input, options: request.options, streaming: request.streaming)
        {
          text += update.committed.map(\.text).joined()
          try await send(JSON.string(StreamUpdateBody(update)))
        }
        try await send(JSON.string(StreamEndBody(text: text.trimmed)))
      }
    }
  }

  // MARK: HTTP

  @Sendable private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try LiveRequest(query: (request.uri.query ?? "").queryItems)
    _ = try models.id(for: asked.model)
    let body = request.body
    return Response(
      status: .ok,
      headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store", .accelBuffering: "no"],
      body: ResponseBody { [self] writer in
        let lines = AsyncStream<String>.makeStream()
        async let done: Void = connections.cancellingOnClose(context.channel) {
          defer { lines.continuation.finish() }
          do {
            try await run(asked, HTTPSound(body: body, format: asked.format)) { lines.continuation.yield($0) }
          } catch {
            guard let known = APIError(error) else { throw error }
            lines.continuation.yield(JSON.string(ErrorEvent(error: known.details)))
          }
        }
        for await line in lines.stream { try await writer.write(ByteBuffer(string: line + "\n")) }
        try await done
        try await writer.finish(nil)
      })
  }

  // MARK: WebSocket

  /// Serves a WebSocket: binary messages are sound, `{"type":"end"}` ends it.
  func serve(_ connection: WebSocketConnection, _ request: LiveRequest) async {
    do {
      try await run(request, WebSocketSound(connection: connection, format: request.format)) {
        try await connection.send($0)
      }
    } catch {
      guard let known = APIError(error) else { return }
      try? await connection.send(JSON.string(ErrorEvent(error: known.details)))
    }
  }
}

/// The samples in the messages of a WebSocket.
private struct WebSocketSound: AsyncSequence, Sendable {
  typealias Element = [Float]
  typealias Failure = any Error

  let connection: WebSocketConnection
  let format: AudioInput.SampleFormat

  func makeAsyncIterator() -> Iterator {
    var messages = connection.messages.makeAsyncIterator()
    return Iterator(reader: SampleReader(format)) { try await messages.next() }
  }

  struct Iterator: AsyncIteratorProtocol {
    var reader: SampleReader
    let nextMessage: () async throws -> WebSocketMessage?

    mutating func next() async throws -> [Float]? {
      switch try await nextMessage() {
      case nil: return nil
      case .binary(let bytes): return reader.samples(in: bytes)
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

/// The samples in the body of a request.
private struct HTTPSound: AsyncSequence, Sendable {
  typealias Element = [Float]
  typealias Failure = any Error

  let body: RequestBody
  let format: AudioInput.SampleFormat

  func makeAsyncIterator() -> Iterator {
    Iterator(body: body.makeAsyncIterator(), reader: SampleReader(format))
  }

  struct Iterator: AsyncIteratorProtocol {
    var body: RequestBody.AsyncIterator
    var reader: SampleReader

    mutating func next() async throws -> [Float]? {
      guard let bytes = try await body.next() else { return nil }
      return reader.samples(in: bytes.readableBytesView)
    }
  }
}
#endif
