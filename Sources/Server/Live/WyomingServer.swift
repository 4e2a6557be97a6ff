// The Wyoming protocol, which Home Assistant speaks.

#if Server
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Swiftlet

/// Serves the Wyoming protocol over TCP: sound in, its text out.
struct WyomingServer: Service {
  let models: ModelPool
  let live: LiveSessions
  let logger: Logger
  private let server: NIOAsyncChannel<Connection, Never>

  private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

  /// Listens: whoever connects waits until ``run()``, which must follow.
  ///
  /// - Throws: `IOError` if it can't listen there.
  init(host: String, port: Int, models: ModelPool, live: LiveSessions, logger: Logger) async throws {
    self.models = models
    self.live = live
    self.logger = logger
    server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
      .bind(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([
            IdleStateHandler(readTimeout: .minutes(2)), IdleConnectionCloser(),
          ])
          return try Connection(wrappingChannelSynchronously: channel)
        }
      }
  }

  /// The port it listens on.
  var port: Int? { server.channel.localAddress?.port }

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await server.executeThenClose { connections in
        await withDiscardingTaskGroup { group in
          do {
            for try await connection in connections { group.addTask { await serve(connection) } }
          } catch {
            logger.error("The Wyoming port failed: \(error)")
          }
        }
      }
    } onGracefulShutdown: {
      server.channel.close(promise: nil)
    }
  }

  private func serve(_ connection: Connection) async {
    do {
      try await connection.executeThenClose { inbound, outbound in
        let held: LiveSessions.Session
        do throws(APIError) {
          held = try live.begin()
        } catch {
          return try await outbound.write(
            WyomingEvent("error", ["text": error.message, "code": error.code ?? ""]).bytes)
        }
        var session = WyomingSession(models: models)
        var buffer = ByteBuffer()
        for try await bytes in inbound {
          buffer.writeImmutableBuffer(bytes)
          while let event = try WyomingEvent.next(in: &buffer) {
            if let answer = await session.take(event) { try await outbound.write(answer.bytes) }
          }
          buffer.discardReadBytes()
        }
        withExtendedLifetime(held) {}
      }
    } catch {
      // A client that has gone, or speaks something else: the connection is closed.
      logger.debug("A Wyoming connection ended: \(error)")
      connection.channel.close(promise: nil)
    }
  }
}

/// Closes connections on which nothing comes.
private final class IdleConnectionCloser: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      context.close(promise: nil)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }
}

/// One client's conversation.
private struct WyomingSession {
  let models: ModelPool
  private var model: String?
  private var language: String?
  private var sound: [Float] = []
  private var rate = 16_000
  private var problem: String?

  init(models: ModelPool) { self.models = models }

  /// Samples that may come before a stop: ten minutes.
  private static let longest = 600 * 48_000

  /// The answer to a message; nil if there is none.
  mutating func take(_ event: WyomingEvent) async -> WyomingEvent? {
    switch event.type {
    case "describe": return await info()
    case "ping": return WyomingEvent("pong", event.data)
    case "transcribe":
      model = event.data["name"] as? String
      language = event.data["language"] as? String
    case "audio-start":
      sound = []
      problem = nil
      rate = event.data["rate"] as? Int ?? 16_000
    case "audio-chunk": add(event)
    case "audio-stop": return await transcribe()
    default: break
    }
    return nil
  }

  private mutating func add(_ event: WyomingEvent) {
    let width = event.data["width"] as? Int ?? 2
    let channels = event.data["channels"] as? Int ?? 1
    rate = event.data["rate"] as? Int ?? rate
    guard width == 2, (1...8).contains(channels) else {
      problem = "The sound must be 16-bit samples of 1 to 8 channels."
      return
    }
    var reader = SampleReader(.s16le)
    let samples = reader.samples(in: event.payload)
    guard sound.count + samples.count / channels <= Self.longest else {
      problem = "The sound is too long; send an audio-stop every few minutes."
      return
    }
    sound += stride(from: 0, to: samples.count / channels * channels, by: channels).map { first in
      samples[first..<first + channels].reduce(0, +) / Float(channels)
    }
  }

  private mutating func transcribe() async -> WyomingEvent {
    let samples = sound
    sound = []
    if let problem { return WyomingEvent("error", ["text": problem, "code": "invalid_audio"]) }
    do {
      // Home Assistant sends the name of a model only if it was chosen there.
      let id = try models.id(for: model)
      let input = AudioInput.samples(samples, sampleRate: rate)
      let (language, asked) = (language, model)
      let transcript = try await models.withModel(id) { transcriber in
        var options = TranscriptionOptions()
        // A language that the default model does not know is the voice assistant's, not a wish of its user's.
        if let language, transcriber.isMultilingual || asked != nil { options.language = language }
        return try await transcriber.transcribe(input, options: options)
      }
      var data: [String: Any] = ["text": transcript.text]
      if let language = transcript.language { data["language"] = language }
      return WyomingEvent("transcript", data)
    } catch {
      let known = APIError(error) ?? .unexpected
      return WyomingEvent("error", ["text": known.message, "code": known.code ?? known.type])
    }
  }

  private func info() async -> WyomingEvent {
    let attribution = ["name": "Swiftlet", "url": "https://github.com/openai/whisper"]
    var described: [[String: Any]] = []
    for entry in await models.entries {
      let isEnglish = entry.isMultilingual.map { !$0 } ?? entry.id.hasSuffix(".en")
      described.append([
        "name": entry.id, "attribution": attribution, "installed": true, "description": "Whisper \(entry.id)",
        "version": SwiftletServer.version,
        "languages": isEnglish ? ["en"] : Transcriber.languageNames.keys.sorted(),
      ])
    }
    let program: [String: Any] = [
      "name": "swiftlet", "attribution": attribution, "installed": true,
      "description": "Whisper on this machine's CPU",
      "version": SwiftletServer.version, "models": described, "supports_transcript_streaming": false,
    ]
    return WyomingEvent("info", ["asr": [program]])
  }
}
#endif
