// What is known of a request besides its head and body.

#if Server
import Hummingbird
import Logging
import NIOCore

struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  /// Whose request this is: the name of an API key, or an address. Requests of different clients get equal shares.
  var client: String
  /// Sent back with the response, and part of each line of the log.
  var requestID = ""

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    client = source.channel.remoteAddress?.ipAddress ?? "local"
  }

  var isLoopback: Bool {
    switch channel.remoteAddress {
    case .v4(let address): address.host.hasPrefix("127.") || channel.remoteAddress?.ipAddress?.hasPrefix("127.") ?? false
    case .v6: ["::1", "::ffff:127.0.0.1"].contains(channel.remoteAddress?.ipAddress)
    default: true
    }
  }
}
#endif
