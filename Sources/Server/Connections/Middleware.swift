// What happens to every request: an id, a line of the log, keys, errors in one shape.

#if Server
import HTTPTypes
import Hummingbird
import Logging

/// Gives requests an id, logs and counts them, and turns errors into answers.
struct RequestMiddleware: RouterMiddleware {
  let metrics: ServerMetrics
  let options: ServerOptions

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    let begin = ContinuousClock.now
    context.requestID = Self.id(of: request) ?? "req_" + context.id
    context.logger[metadataKey: "request"] = "\(context.requestID)"
    context.logger[metadataKey: "hb.request.id"] = nil
    if options.trustsProxy, let forwarded = request.headers[.forwardedFor],
      let last = forwarded.split(separator: ",").last?.trimmed, !last.isEmpty
    {
      context.client = last
    }
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      response = answer(to: error, context)
    }
    response.headers[.requestID] = context.requestID
    response.headers[.xContentTypeOptions] = "nosniff"
    // The rest of a body that nobody reads would otherwise be taken for the next request's time.
    let route = context.endpointPath ?? "unknown"
    let status = response.status.code
    let done: @Sendable () -> Void = { [metrics, context] in
      let duration = ContinuousClock.now - begin
      metrics.answered(route: route, method: Self.label(of: request.method), status: status, in: duration)
      // Neither text nor audio, and no query: it may have a key in it.
      context.logger.info(
        "Answered.",
        metadata: [
          "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "status": "\(status)",
          "client": "\(context.client)",
          "ms": "\(Int(duration / .milliseconds(1)))",
        ])
    }
    if response.body.contentLength == nil {
      let body = response.body
      response.body = ResponseBody { writer in
        defer { done() }
        try await body.write(writer)
      }
    } else {
      done()
    }
    return response
  }

  /// Methods that clients make up don't get metrics of their own.
  private static func label(of method: HTTPRequest.Method) -> String {
    let known: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete, .patch, .options]
    return known.contains(method) ? method.rawValue : "other"
  }

  private func answer(to error: any Error, _ context: ServerContext) -> Response {
    guard let known = APIError(error) else {
      // The client has gone, or the server ends.
      return APIError.unavailable("The request was given up.", retryAfter: 1).response
    }
    if known.status.code >= 500 {
      context.logger.error("Failed: \(known.code == APIError.unexpected.code ? "\(error)" : known.message)")
    }
    return known.response
  }

  /// The client's own id, if it is one.
  private static func id(of request: Request) -> String? {
    guard let id = request.headers[.requestID], (1...128).contains(id.utf8.count),
      id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    return id
  }
}

/// Lets nobody in without a key, where keys are wanted.
struct KeyMiddleware: RouterMiddleware {
  let access: Access

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    if let name = try access.check(authorization: request.headers[.authorization]) {
      context.client = "key:" + name
      context.owner = name
    }
    return try await next(request, context)
  }
}

/// Who may do what.
struct Access: Sendable {
  let keys: KeyStore
  /// Whether a key is wanted. A server that has begun with keys never opens to everybody, even if all are revoked.
  let isRequired: Bool

  /// - Returns: the name of the key; nil if none is wanted.
  /// - Throws: ``APIError`` with status 401.
  func check(authorization: String?) throws(APIError) -> String? {
    guard isRequired || !keys.isEmpty else { return nil }
    guard let authorization else {
      throw Self.refused("This server wants an API key: Authorization: Bearer KEY.", code: "missing_api_key")
    }
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer", let name = keys.name(of: parts[1].trimmed)
    else {
      throw Self.refused("The API key is not one of this server's.", code: "invalid_api_key")
    }
    return name
  }

  private static func refused(_ message: String, code: String) -> APIError {
    APIError(status: .unauthorized, message: message, type: "authentication_error", code: code)
  }
}
#endif
