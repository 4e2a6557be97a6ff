// text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html).

#if Server
import Foundation
import HTTPTypes
import Hummingbird

/// Writes events, and errors as events once the answer has begun.
struct EventWriter {
  private var writer: any ResponseBodyWriter

  init(_ writer: any ResponseBodyWriter) { self.writer = writer }

  mutating func send(_ value: some Encodable, event: String? = nil, id: String? = nil) async throws {
    var text = ""
    if let event { text += "event: \(event)\n" }
    if let id { text += "id: \(id)\n" }
    text += "data: \(JSON.string(value))\n\n"
    try await writer.write(ByteBuffer(string: text))
  }

  /// Keeps proxies from closing the connection.
  mutating func comment() async throws { try await writer.write(ByteBuffer(string: ": \n\n")) }

  consuming func finish() async throws { try await writer.finish(nil) }

  /// An answer of events.
  static func response(
    _ body: @escaping @Sendable (inout EventWriter) async throws -> Void
  ) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
        // nginx would keep events back otherwise.
        .accelBuffering: "no",
      ],
      body: ResponseBody { writer in
        var events = EventWriter(writer)
        do {
          try await body(&events)
        } catch {
          guard let error = APIError(error) else { throw error }
          try await events.send(ErrorEvent(error: error.details))
        }
        try await events.finish()
      })
  }
}
#endif
