// The way in: a loaded model that turns recordings into text.

import Dispatch
public import Foundation
import SwiftletAudio
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletText
import SwiftletWhisper
import Synchronization

/// A Whisper model, loaded and ready to transcribe.
///
/// ```swift
/// let model = try await ModelStore().resolve("tiny.en")
/// let transcriber = try Transcriber(model: model)
/// for try await segment in transcriber.segments(of: "talk.flac") { print(segment.text) }
/// ```
///
/// Transcriptions of one transcriber run one after the other, each on all of its threads.
public final class Transcriber: Sendable {
  private let model: WhisperModel
  private let tokenizer: Tokenizer
  private let context: ComputeContext
  /// The network runs here, so that it never blocks a thread of Swift's concurrency.
  private let queue = DispatchQueue(label: "swiftlet.transcriber", qos: .userInitiated)
  private let network = NetworkBox()

  /// Loads a model.
  ///
  /// An engine folder is mapped and ready at once. Of a plain model an engine is built into the cache on first use, which
  /// takes a second or two for the small models and blocks the caller.
  ///
  /// - Parameters:
  ///   - model: an engine folder, or a file or folder: Hugging Face, OpenAI `.pt`, CTranslate2 or ggml.
  ///   - precisions: at which the engine is built; ``EnginePrecisions/standard`` if nil. An engine has its own.
  ///   - threads: how many threads to use; by default one for each physical core that this process may use.
  ///   - progress: told of the building; throwing from it ends the work.
  /// - Throws: ``InvalidRequest`` if there can't be so many threads or the engine has another precision; otherwise an error
  ///   whose description names the file and says what is wrong with it.
  public init(
    model url: URL, precisions: EnginePrecisions? = nil, threads: Int? = nil,
    progress: (EngineProgress) throws -> Void = { _ in }
  ) throws {
    context = try InvalidRequest.wrapping { try ComputeContext(threads: threads) }
    let engine = try EngineStore().load(
      url, precisions: precisions, threads: threads, progress: progress)
    model = engine.network
    tokenizer = try Tokenizer.load(from: engine.folder, vocabularySize: model.dimensions.vocabularySize)
  }

  /// Whether the model knows languages other than English.
  public var isMultilingual: Bool { tokenizer.isMultilingual }

  /// Finds out, before any work, whether the model can do what is asked.
  ///
  /// - Throws: ``InvalidRequest`` for a language that it does not know, a translation that it can't make, or a number out of
  ///   range.
  public func check(_ options: TranscriptionOptions) throws {
    guard (0...30).contains(options.tailMargin) else {
      throw InvalidRequest(
        description:
          "\(options.tailMargin) s cannot be kept after the sound; a window has room for 0 to 30 s.")
    }
    guard (2...1_000).contains(options.tailStep) else {
      throw InvalidRequest(
        description:
          "One position in \(options.tailStep) cannot be kept; give a number from 2 to 1000, or do not fold the tail."
      )
    }
    try InvalidRequest.wrapping {
      let language = try options.language.map { try Language($0) }
      if !tokenizer.isMultilingual || language != nil { _ = try startSequence(language, options) }
    }
  }

  /// The segments of a recording, as they are transcribed: for now one for each 30 s.
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - progress: called after every window, on the transcriber's own thread.
  /// - Returns: a sequence that throws when the file can't be read, or not to its end; what was read before is
  ///   delivered first. Ending the iteration early, or cancelling its task, stops the work within a step.
  public func segments(
    of path: String, options: TranscriptionOptions = TranscriptionOptions(),
    progress: @escaping @Sendable (TranscriptionProgress) -> Void = { _ in }
  ) -> AsyncThrowingStream<Segment, any Error> {
    AsyncThrowingStream { continuation in
      let stop = StopFlag()
      continuation.onTermination = { _ in stop.set() }
      queue.async {
        do {
          try self.transcribe(path, options, stop: stop, progress: progress) { continuation.yield($0) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
    }
  }

  /// All segments of a recording; see ``segments(of:options:progress:)``.
  public func transcribe(
    _ path: String, options: TranscriptionOptions = TranscriptionOptions()
  ) async throws -> [Segment] {
    var all: [Segment] = []
    for try await segment in segments(of: path, options: options) { all.append(segment) }
    try Task.checkCancellation()
    return all
  }

  private func transcribe(
    _ path: String, _ options: TranscriptionOptions, stop: StopFlag,
    progress: (TranscriptionProgress) -> Void, deliver: (Segment) -> Void
  ) throws {
    try check(options)
    var language = try options.language.map { try Language($0) }
    var timings = Timings()
    let audio = try AudioDecoder(path: path)
    let windows = LogMelWindows(
      decoder: audio, bins: model.dimensions.melBins, padding: options.padding.windowPadding)
    let (encoderState, decoder) = try network.states {
      (
        try model.encoder.makeState(threads: context.pool.threads),
        try GreedyDecoder(model: model, tokenizer: tokenizer, context: context)
      )
    }
    while let window = try timings.measure(\.audio, { try windows.next() }) {
      if stop.isSet { throw CancellationError() }
      func listen(_ plan: WindowPlan) throws {
        try timings.measure(\.encoder) {
          try model.encoder.encode(
            window.values, soundFrames: window.soundFrames, plan: plan, in: encoderState, context: context)
        }
        timings.measure(\.decoder) { decoder.listen(to: encoderState.output, plan: plan) }
      }
      func decode(limit: Int? = nil) throws -> GreedyDecoder.Outcome {
        try timings.measure(\.decoder) {
          try decoder.tokens(
            after: startSequence(language, options), limit: limit, isCancelled: { stop.isSet })
        }
      }
      let positions = model.dimensions.audioContext
      // Which language it is, a short recording tells from the whole window only.
      let mustDetect = language == nil && tokenizer.isMultilingual
      let plan =
        mustDetect
        ? WindowPlan.exact(positions: positions)
        : TailFolding.plan(
          for: window, positions: positions, encoder: model.encoder.precision, options: options)
      try listen(plan)
      if mustDetect {
        language = try timings.measure(\.decoder) { try decoder.language() }
      }
      var outcome = try decode(
        limit: plan.counts == nil ? nil : TailFolding.tokenLimit(seconds: window.duration))
      if plan.counts != nil, !outcome.isComplete || isRepetitive(outcome.tokens) {
        timings.repeated += 1
        try listen(.exact(positions: positions))
        outcome = try decode()
      }
      let tokens = outcome.tokens
      timings.windows += 1
      timings.tokens += tokens.count + 1
      timings.duration = window.start + window.duration
      let text = tokenizer.decode(tokens).trimmingCharacters(in: .whitespacesAndNewlines)
      deliver(
        Segment(
          start: window.start, end: window.start + window.duration, text: text, tokens: tokens,
          language: (language ?? .english).code))
      progress(
        TranscriptionProgress(
          position: window.start + window.duration, duration: audio.duration, timings: timings))
    }
  }

  private func isRepetitive(_ tokens: [Int]) -> Bool {
    compressionRatio(of: tokenizer.decode(tokens)) > TailFolding.compressionRatioLimit
  }

  private func startSequence(_ language: Language?, _ options: TranscriptionOptions) throws -> [Int] {
    try tokenizer.startSequence(language: language, task: options.task.speechTask, timestamps: false)
  }
}

/// The network's work space, made when it is first needed and used for one recording after the other. Touched on the
/// transcriber's queue alone.
private final class NetworkBox: @unchecked Sendable {
  private var kept: (AudioEncoder.State, GreedyDecoder)?

  func states(
    make: () throws -> (AudioEncoder.State, GreedyDecoder)
  ) rethrows -> (AudioEncoder.State, GreedyDecoder) {
    if let kept { return kept }
    let made = try make()
    kept = made
    return made
  }
}

/// Raised once, when nobody waits for the result any more.
private final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
