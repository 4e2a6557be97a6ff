// How a server is set up.

#if Server
public import Foundation
public import Swiftlet

/// What `swiftlet serve` can be told.
public struct ServerOptions: Sendable {
  /// The address to listen on; any other than loopback requires keys.
  public var host = "127.0.0.1"
  /// 0 for any that is free.
  public var port = 8080
  /// Names or paths of models; the first is the default.
  public var models = ["tiny.en"]
  /// Whether OpenAI's model names stand for the default model.
  public var acceptsOpenAINames = true
  /// What runs the models.
  public var device = ComputeDevice.automatic
  public var precisions: EnginePrecisions?
  public var threads: Int?
  /// Recordings that are transcribed at once.
  public var concurrency = 8
  /// Where jobs and keys are kept, and uploads while they are needed.
  public var stateFolder = ServerOptions.defaultStateFolder
  /// Whether requests need no key even where the address is not loopback.
  public var allowsAnyone = false
  /// PEM files for TLS.
  public var certificate: URL?
  public var privateKey: URL?
  /// Seconds after which a model that nobody uses is unloaded; nil for never.
  public var idleUnload: Double?
  /// Bytes of an upload.
  public var uploadLimit: Int64 = 2 << 30
  /// Seconds of sound in one recording.
  public var durationLimit = 6 * 3600.0
  /// Seconds of sound that may wait.
  public var queueLimit = 4 * 3600.0
  /// Seconds that a request may take once it has arrived.
  public var timeLimit = 3600.0
  /// Live sessions at once.
  public var liveLimit = 16
  /// Open connections.
  public var connectionLimit = 1024
  /// Hosts that recordings may be fetched from.
  public var urlHosts: [String] = []
  /// Seconds that jobs are kept after their end.
  public var jobLifetime = 7 * 86_400.0
  /// Hosts that messages about jobs may go to.
  public var webhookHosts: [String] = []
  /// The secret that webhooks are signed with.
  public var webhookSecret: String?
  /// Whether the client is the one that X-Forwarded-For names last.
  public var trustsProxy = false
  /// The port of the Wyoming protocol.
  public var wyomingPort: Int?
  /// The address that it is served on; that of the server if nil. It has no keys.
  public var wyomingHost: String?
  /// Seconds that requests have to end when the server is to end.
  public var drainTime = 120.0
  public var logLevel = "info"

  public init() {}

  /// `$XDG_STATE_HOME/swiftlet`, or `~/.local/state/swiftlet`.
  public static var defaultStateFolder: URL {
    let environment = ProcessInfo.processInfo.environment
    if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") {
      return URL(filePath: folder, directoryHint: .isDirectory).appending(path: "swiftlet")
    }
    return FileManager.default.homeDirectoryForCurrentUser.appending(path: ".local/state/swiftlet")
  }

  var isLoopback: Bool { Self.isLoopback(host) }

  static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1"
      || host.hasPrefix("127.") && host.allSatisfy { $0.isASCII && $0.isNumber || $0 == "." }
  }
}
#endif
