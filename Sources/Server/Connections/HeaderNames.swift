// Names of headers that swift-http-types does not have.

#if Server
import HTTPTypes

extension HTTPField.Name {
  static let requestID = name("x-request-id")
  static let forwardedFor = name("x-forwarded-for")
  static let accelBuffering = name("x-accel-buffering")
  static let idempotencyKey = name("idempotency-key")
  static let lastEventID = name("last-event-id")
  static let webSocketProtocol = name("sec-websocket-protocol")
  static let openAIBeta = name("openai-beta")
  static let referrerPolicy = name("referrer-policy")

  private static func name(_ text: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no header's name.") }
    return name
  }
}
#endif
