// /v1/realtime: OpenAI's realtime API for transcription.

#if Server
import Foundation
import Swiftlet

/// A session of live sound: turns are found by voice activity, or by the client, and each is transcribed when it has ended.
actor RealtimeSession {
  private let connection: WebSocketConnection
  private let models: ModelPool
  private let detector: VoiceActivityDetector
  private var session: ServerEvent.Session
  /// Whether the client uses the names of the beta.
  private var isBeta: Bool
  private var rules: TurnDetector.Rules? = TurnDetector.Rules()
  private var turns: TurnDetector
  /// Sound at 16 kHz from sample `first` of the session on, as far as a turn may still need it.
  private var sound: [Float] = []
  private var first = 0
  private var reader = SampleReader(.s16le)
  private var converter: SampleRateConverter
  /// The item that is being spoken.
  private var item: (id: String, begin: Int)?
  private var lastItem: String?
  private let queue = EventQueue<Turn>()

  /// Sound that a client may send before it is committed.
  private static let longest = 600 * 16_000

  private struct Turn: Sendable {
    var item: String
    var sound: [Float]
    var session: ServerEvent.Session
  }

  init(_ connection: WebSocketConnection, models: ModelPool, model: String?, isBeta: Bool) throws {
    self.connection = connection
    self.models = models
    self.isBeta = isBeta
    detector = try VoiceActivityDetector()
    converter = try SampleRateConverter(from: 24_000)
    turns = TurnDetector(detector, rules: TurnDetector.Rules())
    session = ServerEvent.Session(
      id: newIdentifier("sess_"), type: "transcription",
      object: isBeta ? "realtime.transcription_session" : "realtime.session", format: "pcm16", rate: 24_000,
      transcription: .init(model: model), turnDetection: TurnDetector.Rules(), include: [])
  }

  /// Serves the client until it leaves; what it has committed is transcribed first.
  func run() async {
    do {
      var created = ServerEvent(isBeta ? "transcription_session.created" : "session.created")
      created.session = session
      try await send(created)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await self.transcribeTurns() }
        for await message in connection.messages { try await take(message) }
        queue.finish()
        try await group.waitForAll()
      }
    } catch {
      // The client has gone.
    }
  }

  private func send(_ event: ServerEvent) async throws { try await connection.send(JSON.string(event)) }

  // MARK: The client's events

  private func take(_ message: WebSocketMessage) async throws {
    guard case .text(let text) = message else {
      return try await fail(
        APIError.invalid("Events are text messages of JSON; sound is in input_audio_buffer.append."))
    }
    let event: ClientEvent
    do {
      event = try JSONDecoder().decode(ClientEvent.self, from: Data(text.utf8))
    } catch {
      return try await fail(
        APIError.invalid("The event is not JSON with a type, or a field has the wrong type."))
    }
    do {
      switch event.type {
      case "session.update", "transcription_session.update": try await update(event)
      case "input_audio_buffer.append": try await append(event)
      case "input_audio_buffer.commit": try await commit()
      case "input_audio_buffer.clear":
        startOver()
        try await send(ServerEvent("input_audio_buffer.cleared"))
      default:
        throw APIError.invalid(
          "There is no event \(event.type.prefix(60)) in a transcription session.", param: "type")
      }
    } catch let error as APIError {
      try await fail(error, about: event)
    }
  }

  /// The number of samples that have come.
  private var end: Int { first + sound.count }

  /// Forgets the sound that has come, and a turn that has begun in it.
  private func startOver() {
    item = nil
    turns.reset()
    forget(before: end)
  }

  private func fail(_ error: APIError, about event: ClientEvent? = nil) async throws {
    var answer = ServerEvent("error")
    answer.error = ServerEvent.Problem(
      type: error.type, code: error.code, message: error.message, param: error.param, eventID: event?.eventID)
    try await send(answer)
  }

  private func update(_ event: ClientEvent) async throws {
    guard let new = event.session else { throw APIError.invalid("session is missing.", param: "session") }
    if let format = new.inputAudioFormat, format != "pcm16" {
      throw APIError.invalid(
        "This server takes pcm16 only, not \(format.prefix(40)).", param: "session.input_audio_format")
    }
    if let rate = new.rate {
      guard rate == 24_000 || rate == 16_000 else {
        throw APIError.invalid("The rate must be 24000 or 16000.", param: "session.audio.input.format.rate")
      }
      session.rate = rate
      if let new = try? SampleRateConverter(from: rate) { converter = new }
    }
    if let transcription = new.transcription {
      let id = try models.id(for: transcription.model)
      var options = TranscriptionOptions()
      options.language = transcription.language
      do {
        try await models.check(options, of: id)
      } catch let error as SwiftletError {
        throw APIError.invalid(error.message, param: "session.input_audio_transcription")
      }
      session.transcription = transcription
    }
    if let detection = new.turnDetection {
      if let rules = detection.rules {
        guard rules.type == "server_vad", (0...1).contains(rules.threshold),
          (0...5_000).contains(rules.prefixPadding),
          (50...10_000).contains(rules.silenceDuration)
        else {
          throw APIError.invalid(
            "turn_detection must be server_vad with a threshold from 0 to 1, a prefix_padding_ms up to 5000, and a "
              + "silence_duration_ms from 50 to 10000; or null.",
            param: "session.turn_detection")
        }
        // What came while it was off, it has not heard.
        if self.rules == nil { turns = TurnDetector(detector, rules: rules, from: end) }
        turns.rules = rules
      }
      rules = detection.rules
      session.turnDetection = rules
    }
    if let include = new.include { session.include = include }
    if event.type == "transcription_session.update" { isBeta = true }
    var updated = ServerEvent(isBeta ? "transcription_session.updated" : "session.updated")
    updated.session = session
    try await send(updated)
  }

  private func append(_ event: ClientEvent) async throws {
    guard let text = event.audio, let bytes = Data(base64Encoded: text) else {
      throw APIError.invalid("audio is not base64.", param: "audio")
    }
    let samples = converter.convert(reader.samples(in: bytes))
    guard sound.count + samples.count <= Self.longest else {
      throw APIError.invalid("More than 600 seconds of sound wait for a commit; commit or clear them.")
    }
    sound += samples
    guard rules != nil else { return }
    for event in turns.add(samples) {
      switch event {
      case .began(let sample):
        let id = newIdentifier("item_")
        item = (id, max(sample, first))
        var began = ServerEvent("input_audio_buffer.speech_started")
        began.audioStart = sample / 16
        began.itemID = id
        try await send(began)
      case .ended(let sample):
        guard let item else { continue }
        var ended = ServerEvent("input_audio_buffer.speech_stopped")
        ended.audioEnd = sample / 16
        ended.itemID = item.id
        try await send(ended)
        try await commit(item.id, item.begin..<min(sample, end))
        self.item = nil
      }
    }
    forget(before: turns.earliest)
  }

  private func forget(before sample: Int) {
    guard sample > first else { return }
    let count = min(sample - first, sound.count)
    sound.removeFirst(count)
    first += count
  }

  private func commit() async throws {
    let begin = item?.begin ?? first
    guard end - begin >= 1_600 else {
      throw APIError.invalid(
        "There are less than 100 ms of sound to commit.", code: "input_audio_buffer_commit_empty")
    }
    try await commit(item?.id ?? newIdentifier("item_"), begin..<end)
    startOver()
  }

  private func commit(_ id: String, _ range: Range<Int>) async throws {
    let piece = Array(sound[range.lowerBound - first..<range.upperBound - first])
    var committed = ServerEvent("input_audio_buffer.committed")
    committed.itemID = id
    committed.previousItemID = .some(lastItem)
    try await send(committed)
    for name in isBeta
      ? ["conversation.item.created"] : ["conversation.item.added", "conversation.item.done"]
    {
      var created = ServerEvent(name)
      created.previousItemID = .some(lastItem)
      created.item = ServerEvent.Item(id: id)
      try await send(created)
    }
    lastItem = id
    queue.send(Turn(item: id, sound: piece, session: session))
  }

  // MARK: Transcribing

  private func transcribeTurns() async throws {
    for await turn in queue.events {
      do {
        try await transcribe(turn)
      } catch let error where !(error is CancellationError) {
        guard let known = APIError(error) else { throw error }
        var failed = ServerEvent("conversation.item.input_audio_transcription.failed")
        failed.itemID = turn.item
        failed.contentIndex = 0
        failed.error = ServerEvent.Problem(
          type: known.type, code: known.code, message: known.message, param: known.param)
        try await send(failed)
      }
    }
  }

  private func transcribe(_ turn: Turn) async throws {
    let id = try models.id(for: turn.session.transcription.model)
    var options = TranscriptionOptions()
    options.language = turn.session.transcription.language
    options.initialPrompt = turn.session.transcription.prompt
    let wantsLogprobs = turn.session.include.contains("item.input_audio_transcription.logprobs")
    let connection = connection
    let event = try await models.withModel(id) { [options] transcriber in
      var text = DeltaText()
      var logprobs: [TokenLogProbability] = []
      for try await segment in transcriber.segments(of: .samples(turn.sound), options: options) {
        let tokens = wantsLogprobs ? TokenLogProbability.list(of: segment, transcriber) : nil
        logprobs += tokens ?? []
        let delta = text.add(segment)
        guard !delta.isEmpty else { continue }
        var event = ServerEvent("conversation.item.input_audio_transcription.delta")
        event.itemID = turn.item
        event.contentIndex = 0
        event.delta = delta
        event.logprobs = tokens
        try await connection.send(JSON.string(event))
      }
      var completed = ServerEvent("conversation.item.input_audio_transcription.completed")
      completed.itemID = turn.item
      completed.contentIndex = 0
      completed.transcript = text.whole
      completed.usage = Usage(Double(turn.sound.count) / 16_000)
      if wantsLogprobs { completed.logprobs = logprobs }
      return completed
    }
    try await send(event)
  }
}
#endif
