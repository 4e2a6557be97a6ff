// `swiftlet serve`: a server.

#if Server
import ArgumentParser
import Configuration
import Foundation
import Logging
import Swiftlet
import SwiftletServer

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve OpenAI's transcription API, jobs, live audio, and a web page.",
    discussion: """
      Begin with `swiftlet serve` and open http://127.0.0.1:8080, or use it in place of OpenAI's API:

        curl http://127.0.0.1:8080/v1/audio/transcriptions -F file=@talk.mp3

      Other machines can reach it with --host 0.0.0.0, once there are keys: `swiftlet serve keys add NAME`.

      Each option can also be set in the environment (SWIFTLET_SERVE_MAX_UPLOAD for --max-upload; lists have commas) or in \
      the file of --config ({"maxUpload": 500, "models": ["base"]}); flags go first, the file last. SIGTERM ends the server \
      when it has finished its requests; SIGHUP reads the keys again.
      """,
    subcommands: [Run.self, Keys.self], defaultSubcommand: Run.self)

  /// The server itself.
  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Run the server (the default).")

    @Option(help: "JSON file with settings.", completion: .file())
    var config: String?

    @Option(help: "Address to listen on (default: 127.0.0.1). Any but loopback needs API keys.")
    var host: String?

    @Option(name: [.short, .long], help: "Port (default: 8080); 0 for any that is free.")
    var port: Int?

    @Option(
      name: [.short, .customLong("model")],
      help: ArgumentHelp(
        "Model to serve (default: tiny.en); repeat for more. The first is the default of requests.",
        valueName: "name-or-path"))
    var models: [String] = []

    @Flag(
      inversion: .prefixedNo,
      help: "Let whisper-1 and OpenAI's other names stand for the first model (default: on).")
    var openaiNames: Bool?

    @Option(
      help:
        "Device to run on: cpu, cuda, cuda:N or auto (default: auto, the CPU until the GPU kernels are proven)."
    )
    var device: String?

    @Option(help: "Precision: fp32, fp16, bf16 or int8 (default: int8, bf16 on a GPU, or an engine's own).")
    var precision: String?

    @Option(name: [.customShort("j"), .long], help: "Threads (default: one per physical core).")
    var threads: Int?

    @Option(help: "Recordings to transcribe at once, 1 to 64 (default: 8).")
    var concurrency: Int?

    @Option(
      help: "Folder for jobs, uploads and keys (default: $XDG_STATE_HOME/swiftlet).", completion: .directory)
    var stateDir: String?

    @Flag(inversion: .prefixedNo, help: "Want API keys on addresses other than loopback (default: on).")
    var keys: Bool?

    @Option(help: "TLS certificates, a PEM file.", completion: .file())
    var tlsCertificate: String?

    @Option(help: "The certificate's private key, a PEM file.", completion: .file())
    var tlsKey: String?

    @Option(help: "Unload models that were idle for N seconds (default: never).")
    var idleUnload: Double?

    @Option(help: "Largest upload in MB (default: 2147).")
    var maxUpload: Double?

    @Option(help: "Longest recording in seconds (default: 21600).")
    var maxDuration: Double?

    @Option(help: "Seconds of audio that may wait; more are refused with status 429 (default: 14400).")
    var maxQueue: Double?

    @Option(
      help: "Seconds that a request may take, apart from its upload; jobs have no limit (default: 3600).")
    var timeout: Double?

    @Option(help: "Live sessions at once (default: 16).")
    var maxLive: Int?

    @Option(help: "Open connections (default: 1024).")
    var maxConnections: Int?

    @Option(
      name: .customLong("allow-url-host"),
      help: "Fetch recordings from this host if a request gives a url (default: none); repeat for more.")
    var urlHosts: [String] = []

    @Option(help: "Seconds that jobs are kept after their end (default: 604800).")
    var jobLifetime: Double?

    @Option(
      name: .customLong("allow-webhook-host"),
      help:
        "Send messages about jobs to this host if a request gives a webhook_url (default: none); repeat for more."
    )
    var webhookHosts: [String] = []

    @Option(help: "Secret that webhooks are signed with: whsec_ and base64.")
    var webhookSecret: String?

    @Flag(inversion: .prefixedNo, help: "Take clients' addresses from X-Forwarded-For (default: off).")
    var trustProxy: Bool?

    @Option(help: "Serve the Wyoming protocol (Home Assistant) on this port (default: off).")
    var wyoming: Int?

    @Option(help: "Address for the Wyoming protocol, which has no keys (default: that of --host).")
    var wyomingHost: String?

    @Option(help: "Seconds that requests have to finish after SIGTERM (default: 120).")
    var drain: Double?

    @Option(help: "trace, debug, info, notice, warning, error or critical (default: info).")
    var logLevel: String?

    func run() async throws {
      let options: ServerOptions
      do {
        options = try await ServerSettings.read(flags: flags, file: config.map { URL(filePath: $0) })
      } catch {
        StandardError.message("Error: \(error)")
        throw ExitCode.notUnderstood
      }
      var logger = Logger(label: "swiftlet") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = Logger.Level(rawValue: options.logLevel) ?? .info
      do {
        let server = try SwiftletServer(options, logger: logger) { address in
          StandardError.message("Listening on \(address)")
        }
        try await server.run()
      } catch {
        StandardError.message("Error: \(error)")
        throw ExitCode.serverFailed
      }
    }

    private var flags: [String: ConfigValue] {
      var flags: [String: ConfigContent] = [:]
      func text(_ name: String, _ value: String?) { if let value { flags[name] = .string(value) } }
      func number(_ name: String, _ value: Double?) { if let value { flags[name] = .double(value) } }
      func whole(_ name: String, _ value: Int?) { if let value { flags[name] = .int(value) } }
      func flag(_ name: String, _ value: Bool?) { if let value { flags[name] = .bool(value) } }
      func list(_ name: String, _ values: [String]) {
        if !values.isEmpty { flags[name] = .stringArray(values) }
      }
      text("host", host)
      whole("port", port)
      list("models", models)
      flag("openaiNames", openaiNames)
      text("device", device)
      text("precision", precision)
      whole("threads", threads)
      whole("concurrency", concurrency)
      text("stateDir", stateDir)
      flag("keys", keys)
      text("tlsCertificate", tlsCertificate)
      text("tlsKey", tlsKey)
      number("idleUnload", idleUnload)
      number("maxUpload", maxUpload)
      number("maxDuration", maxDuration)
      number("maxQueue", maxQueue)
      number("timeout", timeout)
      whole("maxLive", maxLive)
      whole("maxConnections", maxConnections)
      list("urlHosts", urlHosts)
      number("jobLifetime", jobLifetime)
      list("webhookHosts", webhookHosts)
      text("webhookSecret", webhookSecret)
      flag("trustProxy", trustProxy)
      whole("wyoming", wyoming)
      text("wyomingHost", wyomingHost)
      number("drain", drain)
      text("logLevel", logLevel)
      return flags.mapValues { ConfigValue($0, isSecret: false) }
    }
  }

  /// API keys.
  struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add, list and revoke API keys.",
      discussion: "A running server reads them again when it gets SIGHUP.",
      subcommands: [Add.self, List.self, Revoke.self])

    struct Folder: ParsableArguments {
      @Option(help: "The server's JSON file with settings.", completion: .file())
      var config: String?

      @Option(help: "The server's folder (default: $XDG_STATE_HOME/swiftlet).", completion: .directory)
      var stateDir: String?

      /// Runs `body` with the keys; errors are reported.
      func withKeys(_ body: (KeyStore) throws -> Void) async throws {
        do {
          let flags = stateDir.map { ["stateDir": ConfigValue(.string($0), isSecret: false)] } ?? [:]
          let options = try await ServerSettings.read(flags: flags, file: config.map { URL(filePath: $0) })
          try body(try KeyStore(in: options.stateFolder))
        } catch let error as ServerSettings.Problem {
          StandardError.message("Error: \(error)")
          throw ExitCode.notUnderstood
        } catch let error as KeyStore.Failure {
          StandardError.message("Error: \(error)")
          throw ExitCode.outputFailed
        }
      }
    }

    struct Add: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Make a key and print it; it is shown this once.")

      @Argument(help: "Whose key it is.")
      var name: String

      @OptionGroup var folder: Folder

      func run() async throws {
        try await folder.withKeys { try StandardOutput.print(try $0.add(name: name)) }
      }
    }

    struct List: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "List the keys: name, beginning, when they were made.")

      @OptionGroup var folder: Folder

      func run() async throws {
        try await folder.withKeys { keys in
          for key in keys.all {
            try StandardOutput.print("\(key.name)\t\(key.prefix)…\t\(key.created.formatted(.iso8601))")
          }
        }
      }
    }

    struct Revoke: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Make a key useless.")

      @Argument(help: "Whose key it is.")
      var name: String

      @OptionGroup var folder: Folder

      func run() async throws {
        try await folder.withKeys { try $0.revoke(name: name) }
      }
    }
  }
}
#endif
