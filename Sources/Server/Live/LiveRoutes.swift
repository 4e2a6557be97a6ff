// The WebSockets of a server.

#if Server
import Foundation
import HTTPTypes
import Logging
import NIOCore
import Swiftlet

/// Decides on requests for WebSockets.
struct LiveRoutes: Sendable {
  let models: ModelPool
  let live: LiveSessions
  let stream: PlainStream
  let access: Access
  let origins: OriginPolicy
  let shutdown: ShutdownState
  let logger: Logger

  private static let keyPrefix = "openai-insecure-api-key."

  func decide(_ request: HTTPRequest, _ channel: any Channel) async -> WebSocketDecision {
    do throws(APIError) {
      let offered = (request.headerFields[.webSocketProtocol] ?? "").split(separator: ",").map(\.trimmed)
      try origins.check(host: request.authority, origin: request.headerFields[.origin])
      // Browsers can't set headers here, so that OpenAI's clients for them send the key among the protocols.
      let key = offered.first { $0.hasPrefix(Self.keyPrefix) }.map {
        "Bearer " + $0.dropFirst(Self.keyPrefix.count)
      }
      _ = try access.check(authorization: request.headerFields[.authorization] ?? key)
      guard !shutdown.hasBegun else { throw .unavailable("The server is about to end.", retryAfter: 5) }
      let path = request.path ?? "/"
      let parts = path.split(separator: "?", maxSplits: 1)
      let query = (parts.count > 1 ? String(parts[1]) : "").queryItems
      let subprotocol = offered.first { $0 == "realtime" }
      let session: @Sendable (WebSocketConnection) async -> Void
      switch parts.first {
      case "/v1/stream":
        let asked = try LiveRequest(query: query)
        _ = try models.id(for: asked.model)
        session = { [stream] in await stream.serve($0, asked) }
      case "/v1/realtime":
        let isBeta = request.headerFields[.openAIBeta] != nil || offered.contains("openai-beta.realtime-v1")
        session = try realtime(query, isBeta: isBeta)
      default: throw .notFound("There is no WebSocket at this address; use /v1/stream or /v1/realtime.")
      }
      logger.info("A live session begins.", metadata: ["path": "\(parts.first ?? "")"])
      return .accept(subprotocol: subprotocol, run: session)
    } catch {
      return .refuse(error)
    }
  }

  private func realtime(
    _ query: [(name: String, value: String)], isBeta: Bool
  ) throws(APIError) -> @Sendable (WebSocketConnection) async -> Void {
    let intent = query.first { $0.name == "intent" }?.value
    guard intent == nil || intent == "transcription" else {
      throw .invalid(
        "This server has transcription sessions only; use intent=transcription.", param: "intent")
    }
    let model = query.first { $0.name == "model" }?.value
    _ = try models.id(for: model)
    return { [models, live, logger] connection in
      do {
        try await live.run {
          try await RealtimeSession(connection, models: models, model: model, isBeta: isBeta).run()
        }
      } catch {
        guard let known = APIError(error) else { return }
        logger.warning("A live session could not begin: \(known.message)")
        try? await connection.send(JSON.string(ErrorEvent(error: known.details)))
      }
    }
  }
}
#endif
