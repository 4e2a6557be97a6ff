// Keeps pages of other sites away from a server that wants no keys.

#if Server
import Foundation
import HTTPTypes
import Hummingbird

/// Refuses requests that a browser makes for pages of other sites.
///
/// Such a page could otherwise send recordings to a server on the reader's own machine, and one whose name leads to 127.0.0.1
/// ("DNS rebinding") could read transcripts. Where keys are wanted, it has none.
struct OriginMiddleware: RouterMiddleware {
  let policy: OriginPolicy

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    try policy.check(host: request.head.authority, origin: request.headers[.origin])
    return try await next(request, context)
  }
}

/// Which names a server goes by.
struct OriginPolicy: Sendable {
  /// Whether keys are wanted, so that names don't matter.
  let isOpen: Bool
  /// The name that it was given.
  let host: String

  /// - Throws: ``APIError`` with status 403.
  func check(host authority: String?, origin: String?) throws(APIError) {
    guard !isOpen else { return }
    if let authority, !isKnown(Self.name(of: authority)) {
      throw Self.refused("This server does not go by the name \(authority.prefix(100)); use its address.")
    }
    guard let origin, origin != "null" else {
      if origin == "null" {
        throw Self.refused("Pages without an origin can't use this server without a key.")
      }
      return
    }
    guard let authority,
      origin.split(separator: "/").last.map({ String($0).lowercased() }) == authority.lowercased()
    else {
      throw Self.refused("Pages of \(origin.prefix(100)) can't use this server without a key.")
    }
  }

  private func isKnown(_ name: String) -> Bool {
    name == "localhost" || name == host.lowercased() || name.hasPrefix("[")
      || name.split(separator: ".").count == 4 && name.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// A host without its port.
  private static func name(of authority: String) -> String {
    let text = authority.lowercased()
    if text.hasPrefix("[") { return text }
    return text.split(separator: ":").first.map(String.init) ?? text
  }

  private static func refused(_ message: String) -> APIError {
    APIError(status: .forbidden, message: message, type: "authentication_error", code: "wrong_origin")
  }
}
#endif
