// Notices clients that go, and those that only keep a connection busy.

#if Server
import NIOCore
import NIOHTTPTypes

/// Tells ``Connections`` when a client has gone, and closes connections on which no request arrives in time.
///
/// Hummingbird closes connections that are silent; this is about those that send a byte of a header now and then. Bodies that
/// come too slowly are ``UploadReader``'s.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// From the beginning of a connection to the end of the first request's headers.
  static let firstPatience = TimeAmount.seconds(15)
  /// From the end of a response to the end of the next request's headers.
  static let nextPatience = TimeAmount.seconds(75)

  private let connections: Connections
  private var deadline: Scheduled<Void>?

  init(_ connections: Connections) { self.connections = connections }

  func handlerAdded(context: ChannelHandlerContext) { expectHead(within: Self.firstPatience, context) }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head = unwrapInboundIn(data) { deadline?.cancel() }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { expectHead(within: Self.nextPatience, context) }
    context.write(data, promise: promise)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { connections.clientLeft(context.channel) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    connections.clientLeft(context.channel)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    connections.clientLeft(context.channel)
    context.fireErrorCaught(error)
  }

  private func expectHead(within time: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}
#endif
