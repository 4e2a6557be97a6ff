// The server, put together.

#if Server
import AsyncHTTPClient
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
public import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Swiftlet
import UnixSignals

/// An HTTP server that transcribes: OpenAI's API, jobs, live sound, and a page to use it.
public struct SwiftletServer: Sendable {
  private let options: ServerOptions
  private let logger: Logger
  private let keys: KeyStore
  private let onReady: @Sendable (_ address: String) -> Void

  static let version = swiftletVersion

  /// - Parameters:
  ///   - options: how it is set up.
  ///   - logger: receives a line for each request, without text or audio.
  ///   - onReady: called with the server's address when it listens.
  /// - Throws: ``Problem`` for a setup that can't be meant.
  public init(
    _ options: ServerOptions, logger: Logger,
    onReady: @escaping @Sendable (_ address: String) -> Void = { _ in }
  ) throws {
    self.options = options
    self.logger = logger
    self.onReady = onReady
    keys = try KeyStore(in: options.stateFolder)
    try check()
  }

  /// Why a server can't be set up so.
  public struct Problem: Error, CustomStringConvertible {
    public let description: String
  }

  private func check() throws {
    guard options.isLoopback || options.allowsAnyone || !keys.isEmpty else {
      throw Problem(
        description:
          "\(options.host) can be reached from other machines, which requires API keys: add one with "
          + "`swiftlet serve keys add NAME`, or let anyone in with --no-keys.")
    }
    guard
      options.wyomingPort == nil || options.wyomingHost != nil || options.allowsAnyone
        || (options.isLoopback && keys.isEmpty)
    else {
      throw Problem(
        description: "The Wyoming protocol has no API keys; say with --wyoming-host where anyone may use it.")
    }
    guard (options.certificate == nil) == (options.privateKey == nil) else {
      throw Problem(description: "TLS needs both --tls-certificate and --tls-key.")
    }
  }

  /// Runs until SIGTERM or SIGINT, and finishes what it has.
  ///
  /// - Throws: ``Problem`` if it can't begin.
  public func run() async throws {
    let uploads = options.stateFolder.appending(path: "uploads", directoryHint: .isDirectory)
    let lock = try lock()
    defer { try? lock.close() }
    try prepare(uploads)
    let client = HTTPClient(
      eventLoopGroupProvider: .singleton,
      configuration: .init(redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10))))
    do {
      try await serve(uploads, client)
    } catch let error as IOError {
      try? await client.shutdown()
      throw Self.problem(error, options.host, options.port, "--port or --host") ?? error
    } catch {
      try? await client.shutdown()
      throw error
    }
    try? await client.shutdown()
  }

  private func serve(_ uploads: URL, _ client: HTTPClient) async throws {
    let metrics = ServerMetrics()
    let connections = Connections()
    let shutdown = ShutdownState()
    let access = Access(keys: keys, isRequired: !keys.isEmpty || !options.isLoopback && !options.allowsAnyone)
    let origins = OriginPolicy(isOpen: access.isRequired, host: options.host)
    let models = ModelPool(options, logger: logger)
    let queue = AdmissionQueue(places: options.concurrency, limit: options.queueLimit)
    let live = LiveSessions(limit: options.liveLimit)
    let decoder = MediaDecoder(folder: uploads)
    let layers = try await decoder.start()
    logger.info(
      "Media is decoded in a sandbox.",
      metadata: ["layers": "\(layers.map { "\($0)" }.sorted().joined(separator: ", "))"])
    let service = TranscriptionService(
      options: options, models: models, queue: queue,
      media: MediaOpener(decoder: decoder, durationLimit: options.durationLimit), metrics: metrics)
    let reader = UploadReader(folder: uploads, sizeLimit: options.uploadLimit)
    let remote = RemoteFiles(
      hosts: options.urlHosts, folder: uploads, sizeLimit: options.uploadLimit, client: client)

    let store = try openStore()
    let changes = JobChanges()
    let webhooks = try Webhooks(
      store: store, secret: options.webhookSecret, hosts: options.webhookHosts, client: client, logger: logger
    )
    let runner = JobRunner(
      store: store, service: service, webhooks: webhooks, changes: changes, options: options,
      shutdown: shutdown,
      logger: logger)

    let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: RequestMiddleware(metrics: metrics, options: options))
    router.add(middleware: OriginMiddleware(policy: origins))
    OperationRoutes(
      models: models, queue: queue, metrics: metrics, live: live, access: access, shutdown: shutdown,
      jobCounts: { (try? await store.counts) ?? [:] }
    ).add(to: router)
    PageRoutes().add(to: router)
    let api = router.group("v1").add(middleware: KeyMiddleware(access: access))
    ModelRoutes(models: models).add(to: api)
    TranscriptionRoutes(service: service, uploads: reader, remote: remote, connections: connections).add(
      to: api)
    JobRoutes(
      store: store, runner: runner, webhooks: webhooks, changes: changes, models: models, uploads: reader,
      remote: remote, connections: connections, shutdown: shutdown
    ).add(to: api)
    let stream = PlainStream(models: models, live: live, connections: connections, decoder: decoder)
    stream.add(to: api)
    let sockets = LiveRoutes(
      models: models, live: live, stream: stream, access: access, origins: origins, shutdown: shutdown,
      logger: logger)
    MethodRoutes().add(to: router, api)
    try await store.recover()

    var application = Application(
      router: router, server: try server(connections, sockets),
      configuration: .init(
        address: .hostname(options.host, port: options.port), serverName: "swiftlet",
        availableConnectionsDelegate: MaximumAvailableConnections(options.connectionLimit)),
      onServerRunning: { [options, onReady] channel in
        let port = channel.localAddress?.port ?? options.port
        let host = options.host.contains(":") ? "[\(options.host)]" : options.host
        onReady("\(options.certificate == nil ? "http" : "https")://\(host):\(port)")
      },
      logger: logger)
    application.addServices(
      KeyReloading(keys: keys, logger: logger), Housekeeping(options: options, models: models), runner,
      webhooks)
    // Before the server says that it is ready.
    if let wyoming = try await wyomingServer(models, live) { application.addServices(wyoming) }
    // The last is told first.
    var configuration = ServiceGroupConfiguration(
      services: [.init(service: application), .init(service: ShutdownNotice(state: shutdown))],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(options.drainTime)
    let group = ServiceGroup(configuration: configuration)
    do {
      try await group.run()
      await decoder.stop()
    } catch {
      await decoder.stop()
      throw error
    }
  }

  private func wyomingServer(_ models: ModelPool, _ live: LiveSessions) async throws -> WyomingServer? {
    guard let port = options.wyomingPort else { return nil }
    let host = options.wyomingHost ?? options.host
    do {
      let server = try await WyomingServer(
        host: host, port: port, models: models, live: live, logger: logger)
      logger.notice("Listening for Wyoming.", metadata: ["port": "\(server.port ?? port)"])
      return server
    } catch let error as IOError {
      throw Self.problem(error, host, port, "--wyoming or --wyoming-host") ?? error
    }
  }

  /// Why an address can't be listened on, if that is what an error says.
  private static func problem(
    _ error: IOError, _ host: String, _ port: Int, _ options: String
  ) -> (any Error)? {
    guard [EADDRINUSE, EACCES, EADDRNOTAVAIL].contains(error.errnoCode) else { return nil }
    return Problem(
      description:
        "\(host):\(port) can't be listened on: \(String(cString: strerror(error.errnoCode))). "
        + "Choose another \(options).")
  }

  /// Keeps another server out of the folder until it is closed.
  private func lock() throws -> FileHandle {
    let folder = options.stateFolder
    let file = folder.appending(path: "lock").path(percentEncoded: false)
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw Problem(
        description:
          "\(folder.path(percentEncoded: false)) can't be made: \(error.localizedDescription) Choose another --state-dir."
      )
    }
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw Problem(description: "\(file) can't be opened: \(String(cString: strerror(errno))).")
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw Problem(
        description:
          "Another server uses \(folder.path(percentEncoded: false)); end it, or choose another --state-dir.")
    }
    return handle
  }

  private func prepare(_ uploads: URL) throws {
    do {
      // What a server that was killed left behind.
      try? FileManager.default.removeItem(at: uploads)
      try FileManager.default.createDirectory(
        at: uploads, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw Problem(
        description:
          "\(uploads.path(percentEncoded: false)) can't be made: \(error.localizedDescription) Choose another --state-dir."
      )
    }
  }

  private func openStore() throws -> JobStore {
    do {
      return try JobStore(in: options.stateFolder)
    } catch {
      throw Problem(
        description:
          "The database of jobs in \(options.stateFolder.path(percentEncoded: false)) can't be opened: \(error)"
      )
    }
  }

  /// After which a silent connection is closed.
  private static let idleTime = Duration.seconds(60)

  private func server(_ connections: Connections, _ sockets: LiveRoutes) throws -> HTTPServerBuilder {
    let http1 = HTTP1Channel.Configuration(
      additionalChannelHandlers: [WebSocketUpgrader(decide: sockets.decide), ConnectionWatch(connections)],
      idleTimeout: TimeAmount(Self.idleTime),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 16_384, maxHeaderListSize: 32_768, maxHeaderFieldCount: 100))
    guard let certificate = options.certificate, let privateKey = options.privateKey else {
      return .http1(configuration: http1)
    }
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(certificate.path(percentEncoded: false))
      let key = try NIOSSLPrivateKey(file: privateKey.path(percentEncoded: false), format: .pem)
      return try .http2Upgrade(
        tlsConfiguration: .makeServerConfiguration(
          certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)),
        configuration: .init(idleTimeout: Self.idleTime, streamConfiguration: http1))
    } catch {
      throw Problem(
        description: "The certificate or its key can't be read (\(error)); both must be PEM files.")
    }
  }
}

/// Reads the keys again on SIGHUP.
private struct KeyReloading: Service {
  let keys: KeyStore
  let logger: Logger

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      do {
        try keys.reload()
        logger.info("Read the keys again.", metadata: ["keys": "\(keys.all.count)"])
      } catch {
        logger.error("The keys could not be read again; the old ones remain. \(error)")
      }
    }
  }
}

/// Loads the default model at first, and unloads what is idle.
private struct Housekeeping: Service {
  let options: ServerOptions
  let models: ModelPool

  func run() async throws {
    do {
      try await models.load(models.id(for: nil))
    } catch let error as APIError {
      // Whoever started it, and a service manager, see that it is of no use.
      throw SwiftletServer.Problem(description: error.message)
    }
    guard let idle = options.idleUnload else { return try await gracefulShutdown() }
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await models.unloadIdle(after: idle)
        try? await Task.sleep(for: .seconds(min(30, max(1, idle / 4))))
      }
    }
  }
}
#endif
