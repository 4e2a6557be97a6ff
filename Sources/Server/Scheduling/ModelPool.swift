// The models that a server has, loaded when they are asked for.

#if Server
import Foundation
import Logging
import Swiftlet

/// Loads models on demand, one at a time each, and unloads those that nobody has used for a while.
actor ModelPool {
  /// A name under which a model is served.
  struct Entry: Sendable {
    var id: String
    var isLoaded: Bool
    var isDefault: Bool
    /// Nil until it has been loaded.
    var isMultilingual: Bool?
  }

  /// OpenAI's names, which stand for the default model.
  static let openAINames: Set = ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"]

  private struct Model {
    var loading: Task<Transcriber, any Error>?
    var transcriber: Transcriber?
    var isMultilingual: Bool?
    var users = 0
    var lastUse = ContinuousClock.now
  }

  private let options: ServerOptions
  private let logger: Logger
  private var models: [String: Model] = [:]
  /// Whether any model has been loaded: those that are unloaded come back when they are asked for.
  private(set) var hasLoaded = false

  init(_ options: ServerOptions, logger: Logger) {
    self.options = options
    self.logger = logger
    for name in options.models { models[Self.id(of: name)] = Model() }
  }

  /// Steps of the decoders of all loaded models, and the windows that they advanced.
  var decoderSteps: (steps: Int, windows: Int) {
    models.values.compactMap { $0.transcriber?.decoderSteps }.reduce((0, 0)) {
      ($0.0 + $1.steps, $0.1 + $1.windows)
    }
  }

  /// What a model is called: a path's last part.
  static func id(of name: String) -> String {
    name.hasPrefix("/") || name.hasPrefix(".") ? URL(filePath: name).lastPathComponent : name
  }

  var entries: [Entry] {
    options.models.enumerated().map { index, name in
      let id = Self.id(of: name)
      return Entry(
        id: id, isLoaded: models[id]?.transcriber != nil, isDefault: index == 0,
        isMultilingual: models[id]?.isMultilingual)
    }
  }

  /// The name of the model that a request means.
  ///
  /// - Parameter name: nil for the default.
  /// - Throws: ``APIError`` if there is none.
  nonisolated func id(for name: String?) throws(APIError) -> String {
    let ids = options.models.map(Self.id)
    let standard = ids.first ?? "tiny.en"
    guard let name, !name.isEmpty else { return standard }
    if ids.contains(name) { return name }
    if options.acceptsOpenAINames, Self.openAINames.contains(name) { return standard }
    throw .notFound(
      "There is no model \(name.prefix(100)) here; this server has \(ids.joined(separator: ", ")).",
      param: "model",
      code: "model_not_found")
  }

  /// Runs `body` with a model, which is loaded first if need be and stays loaded meanwhile.
  func withModel<Value: Sendable>(
    _ id: String, _ body: @Sendable (Transcriber) async throws -> Value
  ) async throws -> Value {
    models[id]?.users += 1
    defer {
      models[id]?.users -= 1
      models[id]?.lastUse = .now
    }
    return try await body(try await transcriber(id))
  }

  /// Finds out whether a model can do what is asked; it is loaded first if need be.
  func check(_ options: TranscriptionOptions, of id: String) async throws {
    try await withModel(id) { try $0.check(options) }
  }

  /// Loads a model ahead of requests.
  func load(_ id: String) async throws { _ = try await transcriber(id) }

  private func transcriber(_ id: String) async throws -> Transcriber {
    guard models[id] != nil else {
      throw APIError.notFound(
        "The model \(id) is no longer served here.", param: "model", code: "model_not_found")
    }
    if let loaded = models[id]?.transcriber { return loaded }
    if let loading = models[id]?.loading { return try await loading.value }
    let name = options.models.first { Self.id(of: $0) == id } ?? id
    logger.info("Loading a model.", metadata: ["model": "\(id)"])
    // Others may wait for it as well, so it is not cancelled with this request.
    let task = Task { [options] in
      // Live sessions need no place among recordings.
      try await Transcriber.load(
        name, device: options.device, precisions: options.precisions, threads: options.threads,
        concurrency: min(64, options.concurrency + options.liveLimit))
    }
    models[id]?.loading = task
    defer { models[id]?.loading = nil }
    do {
      let transcriber = try await task.value
      models[id]?.transcriber = transcriber
      hasLoaded = true
      models[id]?.isMultilingual = transcriber.isMultilingual
      models[id]?.lastUse = .now
      logger.info("The model is ready.", metadata: ["model": "\(id)"])
      return transcriber
    } catch let error as SwiftletError {
      logger.error("A model could not be loaded: \(error)", metadata: ["model": "\(id)"])
      throw APIError.unavailable(
        "The model \(id) could not be loaded: \(error.message)", retryAfter: 30)
    }
  }

  /// Unloads what has not been used for so many seconds.
  func unloadIdle(after seconds: Double) {
    for (id, model) in models
    where model.users == 0 && model.transcriber != nil
      && ContinuousClock.now - model.lastUse > .seconds(seconds)
    {
      models[id]?.transcriber = nil
      logger.info("A model that nobody used is unloaded.", metadata: ["model": "\(id)"])
    }
  }
}
#endif
