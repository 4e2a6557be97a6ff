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
  /// Whose jobs it may see: the name of its key, or everybody's who has none.
  var owner = ""
  /// Sent back with the response, and part of each line of the log.
  var requestID = ""

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    client = source.channel.remoteAddress?.ipAddress ?? "local"
  }
}
#endif
