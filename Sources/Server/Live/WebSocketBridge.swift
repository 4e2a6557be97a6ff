// Frames to messages, and back (RFC 6455, section 5).

#if Server
import NIOCore
import NIOExtras
import NIOWebSocket

/// A whole message of a WebSocket.
enum WebSocketMessage: Sendable, Equatable {
  case text(String)
  case binary([UInt8])
}

/// Puts messages together, answers pings and closes, and reads no more than a session takes. Lives on its channel's event loop.
final class WebSocketBridge: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  /// Bytes that a message may have.
  static let messageLimit = 1 << 24
  /// Bytes that wait for the session, from which on no more are read.
  private static let waitingLimit = 1 << 20

  let messages: AsyncStream<WebSocketMessage>
  private let continuation: AsyncStream<WebSocketMessage>.Continuation
  private var context: ChannelHandlerContext?
  private var partial: (opcode: WebSocketOpcode, data: ByteBuffer)?
  private var waiting = 0
  private var wantsRead = false
  private var hasClosed = false

  init() { (messages, continuation) = AsyncStream.makeStream() }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    continuation.finish()
  }

  func channelInactive(context: ChannelHandlerContext) {
    continuation.finish()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    close(error is NIOWebSocketError ? .protocolError : .unexpectedServerError)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ChannelEvent.inputClosed:
      continuation.finish()
      context.close(promise: nil)
    case is IdleStateHandler.IdleStateEvent: close(.goingAway)
    // The server ends: the session has heard all that it will hear.
    case is ChannelShouldQuiesceEvent: continuation.finish()
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // From whoever served HTTP before, and is behind this: it is no frame.
    promise?.fail(ChannelError.operationUnsupported)
  }

  func read(context: ChannelHandlerContext) {
    if waiting > Self.waitingLimit {
      wantsRead = true
    } else {
      context.read()
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    guard frame.maskKey != nil else { return close(.protocolError) }
    let content = frame.unmaskedData
    switch frame.opcode {
    case .ping: write(WebSocketFrame(fin: true, opcode: .pong, data: content), promise: nil)
    case .pong: break
    case .connectionClose: close(.normalClosure)
    case .text, .binary:
      guard partial == nil else { return close(.protocolError) }
      partial = (frame.opcode, content)
      if frame.fin { endMessage() }
    case .continuation:
      guard var begun = partial else { return close(.protocolError) }
      begun.data.writeImmutableBuffer(content)
      guard begun.data.readableBytes <= Self.messageLimit else { return close(.messageTooLarge) }
      partial = begun
      if frame.fin { endMessage() }
    default: close(.protocolError)
    }
  }

  private func endMessage() {
    guard let (opcode, data) = partial else { return }
    partial = nil
    let bytes = Array(data.readableBytesView)
    if opcode == .text {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        return close(.dataInconsistentWithMessage)
      }
      continuation.yield(.text(text))
    } else {
      continuation.yield(.binary(bytes))
    }
    waiting += bytes.count
  }

  /// The session has taken a message.
  func taken(_ count: Int) {
    waiting -= count
    guard wantsRead, waiting <= Self.waitingLimit else { return }
    wantsRead = false
    context?.read()
  }

  func write(_ frame: WebSocketFrame, promise: EventLoopPromise<Void>?) {
    guard let context, !hasClosed else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
  }

  /// Says goodbye, and closes the connection.
  func close(_ code: WebSocketErrorCode) {
    continuation.finish()
    guard let context, !hasClosed else { return }
    var data = context.channel.allocator.buffer(capacity: 2)
    data.write(webSocketErrorCode: code)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), promise: promise)
    hasClosed = true
  }
}

/// A WebSocket, as a session sees it.
struct WebSocketConnection: Sendable {
  private let bridge: NIOLoopBound<WebSocketBridge>
  private let channel: any Channel
  private let stream: AsyncStream<WebSocketMessage>

  /// On the channel's event loop.
  init(_ bridge: WebSocketBridge, _ channel: any Channel) {
    self.bridge = NIOLoopBound(bridge, eventLoop: channel.eventLoop)
    self.channel = channel
    stream = bridge.messages
  }

  /// The client's messages, until it says goodbye or the server ends.
  var messages: some AsyncSequence<WebSocketMessage, Never> & Sendable {
    stream.map { [bridge, channel] message in
      let count =
        switch message {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
      channel.eventLoop.execute { bridge.value.taken(count) }
      return message
    }
  }

  /// On the channel's event loop: tells the client that it may begin.
  func begin(response: String) {
    guard let encoder = try? channel.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
    else {
      return channel.close(promise: nil)
    }
    encoder.writeAndFlush(NIOAny(ByteBuffer(string: response)), promise: nil)
    encoder.channel.read()
  }

  func send(_ text: String) async throws {
    try await channel.eventLoop.flatSubmit { [bridge, channel] in
      let promise = channel.eventLoop.makePromise(of: Void.self)
      bridge.value.write(
        WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text)), promise: promise)
      return promise.futureResult
    }.get()
  }

  func close() async {
    try? await channel.eventLoop.submit { [bridge] in bridge.value.close(.normalClosure) }.get()
  }
}
#endif
