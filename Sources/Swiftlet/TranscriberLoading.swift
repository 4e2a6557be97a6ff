// From the name of a model, or a path, to a transcriber.

public import Foundation

extension Transcriber {
  /// Loads a model; on first use it is fetched, and an engine is built of it, which takes a second or two for the small models.
  ///
  /// ```swift
  /// let transcriber = try await Transcriber.load("tiny.en") { progress in
  ///   if case .fetching(.downloading(_, let file, let done, _)) = progress { print(file, done) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - model: a name such as `tiny.en`, or a path: an engine folder, or a file or folder of Hugging Face, OpenAI (`.pt`),
  ///     CTranslate2 or ggml; see ``ModelStore/resolve(_:progress:)``.
  ///   - device: what runs it.
  ///   - precisions: at which an engine is built; ``EnginePrecisions/standard(on:)`` if nil. An engine folder has its own.
  ///   - threads: by default one for each physical core that this process may use.
  ///   - concurrency: how many recordings are transcribed at once, 1 to 64; others wait. While a window of one is decoded, its keys
  ///     and values take up to 9 MB with tiny.en in int8 and 150 MB with medium.en, or 18 and 290 MB with beam search of size 5. At
  ///     most 16 hypotheses are decoded at once; what is no longer needed is freed. A GPU decodes up to 64, and its memory is taken
  ///     when the model is loaded.
  ///   - store: where models are kept, and engines with them. If no engine can be written there, it is built in the temporary
  ///     folder, for this transcriber alone.
  ///   - progress: called for each step, from any thread; it should return quickly.
  /// - Throws: ``SwiftletError``; `CancellationError` if the task is cancelled, and nothing unfinished is left but what a later
  ///   download can go on from.
  public static func load(
    _ model: String, device: ComputeDevice = .automatic, precisions: EnginePrecisions? = nil,
    threads: Int? = nil, concurrency: Int = 4,
    store: ModelStore = ModelStore(), progress: @escaping @Sendable (LoadProgress) -> Void = { _ in }
  ) async throws -> Transcriber {
    let url = try await store.resolve(model) { progress(.fetching($0)) }
    return try await load(
      url, device: device, precisions: precisions, threads: threads, concurrency: concurrency, store: store,
      progress: progress)
  }

  /// Loads a model from a file or folder; see ``load(_:device:precisions:threads:concurrency:store:progress:)-(String,_,_,_,_,_,_)``.
  public static func load(
    _ model: URL, device: ComputeDevice = .automatic, precisions: EnginePrecisions? = nil,
    threads: Int? = nil, concurrency: Int = 4,
    store: ModelStore = ModelStore(), progress: @escaping @Sendable (LoadProgress) -> Void = { _ in }
  ) async throws -> Transcriber {
    try await onBlockingThread {
      try Transcriber(
        model: model, device: device, precisions: precisions, threads: threads, concurrency: concurrency,
        engineStore: EngineStore(folder: store.folder)
      ) { step in
        try Task.checkCancellation()
        progress(.building(step))
      }
    }
  }
}
