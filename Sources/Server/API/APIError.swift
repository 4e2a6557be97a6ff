// Errors as OpenAI's API has them.

#if Server
import Foundation
import HTTPTypes
import Hummingbird
import Swiftlet

/// An error that a client is told of, in the shape of OpenAI's.
struct APIError: Error {
  var status: HTTPResponse.Status
  /// What happened, and what to do about it.
  var message: String
  var type = "invalid_request_error"
  /// The field that it is about.
  var param: String?
  var code: String?
  /// Seconds after which trying again makes sense.
  var retryAfter: Int?
  /// What was transcribed before.
  var text: String?

  static func invalid(_ message: String, param: String? = nil, code: String? = nil) -> APIError {
    APIError(status: .badRequest, message: message, param: param, code: code)
  }

  static func notFound(_ message: String, param: String? = nil, code: String? = nil) -> APIError {
    APIError(status: .notFound, message: message, param: param, code: code)
  }

  static func tooLarge(_ message: String) -> APIError {
    APIError(status: .contentTooLarge, message: message, param: "file", code: "too_large")
  }

  static func unavailable(_ message: String, retryAfter: Int) -> APIError {
    APIError(
      status: .serviceUnavailable, message: message, type: "server_error", code: "unavailable",
      retryAfter: retryAfter)
  }

  /// The error that a client is told of in place of `error`; nil for a client that has gone.
  init?(_ error: any Error) {
    switch error {
    case let error as APIError: self = error
    case is CancellationError: return nil
    case let error as SwiftletError: self.init(error)
    case let error as HTTPError:
      self.init(
        status: error.status,
        message: error.body
          ?? (error.status == .notFound
            ? "There is nothing at this address; see /openapi.json." : error.status.reasonPhrase),
        type: error.status.code < 500 ? "invalid_request_error" : "server_error")
    default: self = .unexpected
    }
  }

  static let unexpected = APIError(
    status: .internalServerError, message: "Something went wrong; the server's log has the details.",
    type: "server_error", code: "internal_error")

  private init(_ error: SwiftletError) {
    let status: HTTPResponse.Status =
      switch error.code {
      case .invalidOptions: .badRequest
      case .unreadableAudio, .incompleteAudio: .unprocessableContent
      case .modelNotFound: .notFound
      case .audioTooLong: .contentTooLarge
      case .audioTooComplex, .audioTooLarge, .decoderCrashed: .unprocessableContent
      case .decoderUnavailable: .serviceUnavailable
      default: .internalServerError
      }
    self.init(
      status: status, message: error.message,
      type: status.code < 500 ? "invalid_request_error" : "server_error",
      param: error.code == .invalidOptions ? error.subject : status == .unprocessableContent ? "file" : nil,
      code: error.code.rawValue)
    text = (error.partialResult as? Transcript)?.text
    if status == .serviceUnavailable { retryAfter = 5 }
  }

  init(
    status: HTTPResponse.Status, message: String, type: String = "invalid_request_error",
    param: String? = nil, code: String? = nil,
    retryAfter: Int? = nil
  ) {
    self.status = status
    self.message = message
    self.type = type
    self.param = param
    self.code = code
    self.retryAfter = retryAfter
  }

  /// The object `error` of a body.
  var details: Details { Details(message: message, type: type, param: param, code: code) }

  struct Details: Codable, Sendable, Equatable {
    var message: String
    var type: String
    var param: String?
    var code: String?

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(message, forKey: .message)
      try container.encode(type, forKey: .type)
      // OpenAI's clients expect null.
      try container.encode(param, forKey: .param)
      try container.encode(code, forKey: .code)
    }
  }

  private struct Body: Encodable {
    var error: Details
    var text: String?
  }

  /// The body of an answer.
  var body: ByteBuffer { JSON.buffer(Body(error: details, text: text)) }

  var response: Response {
    var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
    if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
    if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    return Response(
      status: status, headers: headers,
      body: ResponseBody(byteBuffer: body))
  }
}
#endif
