// From HTTP/1.1 to a WebSocket (RFC 6455, section 4.2).

#if Server
import Crypto
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// What becomes of a request for a WebSocket.
enum WebSocketDecision: Sendable {
  case refuse(APIError)
  /// - Parameters:
  ///   - subprotocol: one of those that the client offers.
  ///   - run: the session; the connection is closed when it returns.
  case accept(subprotocol: String?, run: @Sendable (WebSocketConnection) async -> Void)
}

/// Takes requests for WebSockets out of a connection before Hummingbird sees them; hummingbird-websocket, which does this too, is
/// not among the packages that this project can name.
final class WebSocketUpgrader: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundOut = HTTPResponsePart

  private let decide: @Sendable (HTTPRequest, any Channel) async -> WebSocketDecision
  /// Whether a request is being decided on; what comes meanwhile belongs to it.
  private var isDeciding = false
  /// Whether what came meanwhile is no HTTP: clients have to wait for the answer.
  private var hasFailed = false

  init(decide: @escaping @Sendable (HTTPRequest, any Channel) async -> WebSocketDecision) {
    self.decide = decide
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDeciding else { return }
    guard case .head(let request) = unwrapInboundIn(data), request.isForWebSocket else {
      context.fireChannelRead(data)
      return
    }
    isDeciding = true
    let channel = context.channel
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    Task { [decide] in
      let decision: WebSocketDecision
      if let problem = request.webSocketProblem {
        decision = .refuse(problem)
      } else {
        decision = await decide(request, channel)
      }
      eventLoop.execute {
        let (upgrader, context) = bound.value
        guard channel.isActive else { return }
        guard !upgrader.hasFailed else { return channel.close(promise: nil) }
        switch decision {
        case .refuse(let error): upgrader.refuse(error, context)
        case .accept(let subprotocol, let run): upgrader.upgrade(request, subprotocol, context, run)
        }
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Whoever waits for HTTP behind this would answer it, in the midst of a WebSocket.
    guard !isDeciding else {
      hasFailed = true
      return
    }
    context.fireErrorCaught(error)
  }

  private func refuse(_ error: APIError, _ context: ChannelHandlerContext) {
    var head = error.response.head
    let body = error.body
    head.headerFields[.contentLength] = "\(body.readableBytes)"
    head.headerFields[.connection] = "close"
    if error.status.code == 426 { head.headerFields[.upgrade] = "websocket" }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
  }

  private func upgrade(
    _ request: HTTPRequest, _ subprotocol: String?, _ context: ChannelHandlerContext,
    _ run: @escaping @Sendable (WebSocketConnection) async -> Void
  ) {
    let pipeline = context.pipeline.syncOperations
    let channel = context.channel
    let bridge = WebSocketBridge()
    let connection = WebSocketConnection(bridge, channel)
    // The frames' handlers are in place before HTTP's go and before the client hears that it may send frames.
    do {
      let frames = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: WebSocketBridge.messageLimit))
      // Of a client that says nothing for so long, not even a ping, nothing more is expected.
      let idle = IdleStateHandler(readTimeout: .minutes(5))
      try pipeline.addHandlers([WebSocketFrameEncoder(), idle, frames, bridge], position: .after(self))
    } catch {
      return context.close(promise: nil)
    }
    var removed: [EventLoopFuture<Void>] = []
    func remove<Handler: RemovableChannelHandler>(_ type: Handler.Type) {
      if let found = try? pipeline.context(handlerType: type) {
        removed.append(pipeline.removeHandler(context: found))
      }
    }
    remove(HTTPConnectionStateHandler.self)
    remove(ConnectionWatch.self)
    remove(HTTP1ToHTTPServerCodec.self)
    remove(HTTPResponseEncoder.self)
    remove(ByteToMessageHandler<HTTPRequestDecoder>.self)
    removed.append(pipeline.removeHandler(self))
    EventLoopFuture.andAllSucceed(removed, on: context.eventLoop).whenComplete { result in
      guard case .success = result else { return channel.close(promise: nil) }
      connection.begin(
        response: Self.response(to: request.headerFields[.secWebSocketKey] ?? "", subprotocol: subprotocol))
      Task {
        await run(connection)
        await connection.close()
      }
    }
  }

  private static func response(to key: String, subprotocol: String?) -> String {
    let accepted = Data(Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      + "Sec-WebSocket-Accept: \(accepted.base64EncodedString())\r\n"
      + (subprotocol.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? "") + "\r\n"
  }
}

extension HTTPRequest {
  fileprivate var isForWebSocket: Bool { headerFields[.upgrade]?.lowercased() == "websocket" }

  /// Why a request for a WebSocket is none; nil if it is one.
  fileprivate var webSocketProblem: APIError? {
    guard method == .get,
      (headerFields[.connection] ?? "").split(separator: ",").contains(where: {
        $0.trimmed.lowercased() == "upgrade"
      }),
      let key = headerFields[.secWebSocketKey], Data(base64Encoded: key)?.count == 16
    else { return .invalid("The request for a WebSocket is not complete.") }
    guard headerFields[.secWebSocketVersion] == "13" else {
      return APIError(
        status: HTTPResponse.Status(code: 426, reasonPhrase: "Upgrade Required"),
        message: "This server speaks version 13 of the WebSocket protocol.")
    }
    return nil
  }
}
#endif
