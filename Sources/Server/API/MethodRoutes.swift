// Methods that an address does not have.

#if Server
import HTTPTypes
import Hummingbird

/// Answers with status 405 where an address is there, but not for the method (RFC 9110, section 15.5.6).
struct MethodRoutes: Sendable {
  private static let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete]

  /// The addresses outside `/v1` and in it, with the methods that they have.
  private static let outside: [(path: String, methods: [HTTPRequest.Method])] = [
    ("/", [.get]), ("page/{file}", [.get]), ("health", [.get]), ("ready", [.get]), ("metrics", [.get]),
    ("openapi.json", [.get]),
  ]
  private static let inside: [(path: String, methods: [HTTPRequest.Method])] = [
    ("audio/transcriptions", [.post]), ("audio/translations", [.post]), ("models", [.get]),
    ("models/**", [.get]),
    ("stream", [.get, .post]), ("jobs", [.get, .post]), ("jobs/{id}", [.get, .delete]),
    ("jobs/{id}/cancel", [.post]),
    ("jobs/{id}/transcript", [.get]), ("jobs/{id}/audio", [.get]), ("jobs/{id}/events", [.get]),
  ]

  func add(to router: Router<ServerContext>, _ api: RouterGroup<ServerContext>) {
    for (path, methods) in Self.outside {
      for method in Self.methods where !methods.contains(method) {
        router.on(RouterPath(path), method: method) { _, _ in Self.refusal(methods) }
      }
    }
    for (path, methods) in Self.inside {
      for method in Self.methods where !methods.contains(method) {
        api.on(RouterPath(path), method: method) { _, _ in Self.refusal(methods) }
      }
    }
  }

  private static func refusal(_ methods: [HTTPRequest.Method]) -> Response {
    let names = methods.map(\.rawValue).joined(separator: ", ")
    var response = APIError(
      status: .methodNotAllowed, message: "This address takes \(names).", code: "method_not_allowed"
    ).response
    response.headers[.allow] = names
    return response
  }
}
#endif
