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
/// Recordings that are asked for at the same time are transcribed at the same time, up to the transcriber's concurrency: their
/// windows share the network's steps, which costs less than one after the other and gives the same text.
public final class Transcriber: Sendable {
  let model: WhisperModel
  let tokenizer: Tokenizer
  let scheduler: NetworkScheduler
  let detector: VoiceActivityDetector
  /// The engine is in use as long as the transcriber is there.
  private let lease: FolderLease?
  /// Recordings are read and put together here, so that they never block a thread of Swift's concurrency.
  private let callers = OperationQueue()

  /// Loads a model.
  ///
  /// An engine folder is mapped and ready at once. Of a plain model an engine is built into the cache on first use, which
  /// takes a second or two for the small models and blocks the caller.
  ///
  /// - Parameters:
  ///   - url: an engine folder, or a file or folder: Hugging Face, OpenAI `.pt`, CTranslate2 or ggml.
  ///   - precisions: at which the engine is built; ``EnginePrecisions/standard`` if nil. An engine has its own.
  ///   - threads: how many threads to use; by default one for each physical core that this process may use.
  ///   - concurrency: how many recordings are transcribed at once; others wait. While a window of one is decoded, its keys and
  ///     values take up to 9 MB with tiny.en in int8 and 150 MB with medium.en, or 18 and 290 MB with beam search of size 5. At
  ///     most 16 hypotheses are decoded at once; what is no longer needed is freed.
  ///   - engineStore: where the engine is kept; by default in the cache that the environment says. If that can't be written,
  ///     the engine is built in the temporary folder, for this transcriber alone.
  ///   - progress: told of the building; throwing from it ends the work.
  /// - Throws: ``InvalidRequest`` if there can't be so many threads or the engine has another precision; `CancellationError`
  ///   if the task is cancelled, and nothing is left behind; otherwise an error whose description names the file and says
  ///   what is wrong with it.
  public init(
    model url: URL, precisions: EnginePrecisions? = nil, threads: Int? = nil, concurrency: Int = 4,
    engineStore: EngineStore = EngineStore(), progress: (EngineProgress) throws -> Void = { _ in }
  ) throws {
    // Each blocks threads of its own.
    guard (1...64).contains(concurrency) else {
      throw InvalidRequest(
        description: "\(concurrency) recordings cannot be transcribed at once; give 1 to 64.")
    }
    let context = try InvalidRequest.wrapping { try ComputeContext(threads: threads) }
    callers.maxConcurrentOperationCount = concurrency
    callers.qualityOfService = .userInitiated
    detector = try VoiceActivityDetector()
    let engine = try engineStore.load(
      url, precisions: precisions, threads: threads, progress: progress)
    lease = engine.lease
    model = engine.network
    scheduler = try NetworkScheduler(model: model, context: context)
    tokenizer = try withExtendedLifetime(engine) {
      try Tokenizer.load(from: engine.folder, vocabularySize: engine.network.dimensions.vocabularySize)
    }
  }

  /// Finds out, before any work, whether the model can do what is asked.
  ///
  /// - Throws: ``InvalidRequest`` for a language that it does not know, a translation that it can't make, a number out of
  ///   range, or options that do not go together.
  public func check(_ options: TranscriptionOptions) throws {
    try options.withoutAutomaticLanguage.check(
      tokenizer: tokenizer, contextLength: model.dimensions.textContext)
  }

  /// Whether the model knows languages other than English.
  public var isMultilingual: Bool { tokenizer.isMultilingual }

  /// The segments of a recording, as they are transcribed.
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - options: what is asked of the transcription.
  ///   - progress: called after every window, on the transcriber's own thread.
  /// - Returns: a sequence that throws ``InvalidRequest``, or when the file can't be read, or not to its end; what was read
  ///   before is delivered first. Ending the iteration early, or cancelling its task, stops the work within a step; the
  ///   sequence then ends without an error.
  public func segments(
    of path: String, options: TranscriptionOptions = TranscriptionOptions(),
    progress: @escaping @Sendable (TranscriptionProgress) -> Void = { _ in }
  ) -> AsyncThrowingStream<Segment, any Error> {
    AsyncThrowingStream { continuation in
      let stop = StopFlag()
      continuation.onTermination = { _ in stop.set() }
      callers.addOperation {
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
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - options: what is asked of the transcription.
  /// - Throws: ``InvalidRequest``, or an error whose description names the file and says what is wrong with it, also if it
  ///   can't be read to its end; `CancellationError` if the task is cancelled.
  public func transcribe(
    _ path: String, options: TranscriptionOptions = TranscriptionOptions()
  ) async throws -> [Segment] {
    var all: [Segment] = []
    for try await segment in segments(of: path, options: options) { all.append(segment) }
    try Task.checkCancellation()
    return all
  }

  /// The languages of the first speech in a recording, of at most 30 s of it, the most probable first. Where nobody speaks in the
  /// first ten minutes, of its first 30 s.
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - padding: what fills the window if there is less.
  ///   - audio: which of its tracks and channels; those of separate channels are mixed.
  ///   - candidates: as ``TranscriptionOptions/languageCandidates``; their probabilities make 1.
  ///   - notice: given sentences about the recording, as in ``TranscriptionProgress/notices``.
  /// - Throws: ``InvalidRequest`` if the model knows English alone or does not know a candidate; otherwise as
  ///   ``segments(of:options:progress:)``.
  public func detectLanguage(
    of path: String, padding: TranscriptionOptions.Padding = .silence,
    audio: AudioSelection = AudioSelection(), candidates: [String] = [],
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> [LanguageProbability] {
    guard isMultilingual else {
      throw InvalidRequest(
        description:
          "This model knows English alone; take a multilingual one (base, not base.en) to tell languages.")
    }
    try audio.check()
    try TranscriptionOptions.checkCandidates(candidates, tokenizer: tokenizer)
    var options = TranscriptionOptions(padding: padding)
    options.audio = audio
    options.languageCandidates = candidates
    let stop = StopFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        callers.addOperation { [options] in
          continuation.resume(
            with: Result { try self.languages(of: path, options, stop: stop, notice: notice) })
        }
      }
    } onCancel: {
      stop.set()
    }
  }

  private func languages(
    of path: String, _ options: TranscriptionOptions, stop: StopFlag, notice: (String) -> Void
  ) throws -> [LanguageProbability] {
    var audio = options.audio
    if audio.channels == .separate { audio.channels = .mix }
    let decoder = try open(path, audio.sound()) { stop.isSet }
    defer { decoder.report.notices.forEach(notice) }
    let beginning = BeginningOfSound(decoder, seconds: 30)
    var tenMinutes = options
    tenMinutes.clipTimestamps = [0, 600]
    let speech = ChunkReader(beginning, network: detector.network, options: tenMinutes).next()
    let sound = speech.map { RecordedSamples($0.samples[...]) } ?? beginning.recorded
    let source = LogMelSource(
      decoder: sound, bins: model.dimensions.melBins, padding: options.padding.windowPadding)
    let window = try cancelling { try source.window(at: 0) }
    if stop.isSet { throw CancellationError() }
    guard let window else { return [] }
    var timings = Timings()
    return try scheduler.withLane(sequences: 1, isCancelled: { stop.isSet }) { network in
      try network.detectLanguage(
        of: window, among: options.candidates, specials: tokenizer.specials, timings: &timings,
        isCancelled: { stop.isSet }
      ).map {
        LanguageProbability(code: $0.language.code, name: $0.language.name, probability: $0.probability)
      }
    }
  }

  private func transcribe(
    _ path: String, _ options: TranscriptionOptions, stop: StopFlag,
    progress: (TranscriptionProgress) -> Void, deliver: (Segment) -> Void
  ) throws {
    let options = options.withoutAutomaticLanguage
    try check(options)
    if stop.isSet { throw CancellationError() }
    // Raised when something fails while the recording is still read.
    let abandoned = StopFlag()
    let audio = try open(path, options.audio.sound(language: options.language)) {
      stop.isSet || abandoned.isSet
    }
    let report = audio.report
    let watch = ForeignSpeechWatch(beamSize: options.effectiveBeamSize)
    var last = (position: 0.0, timings: Timings())
    func tell(_ position: Double, _ timings: Timings, isEnd: Bool = false) {
      last = (position, timings)
      let isForeign = watch.isForeign(upTo: position, isEnd: isEnd)
      progress(
        TranscriptionProgress(
          position: position, duration: report.duration, timings: timings,
          notices: report.notices + (isForeign ? [ForeignSpeechWatch.notice(of: audio.name)] : [])))
    }
    tell(0, Timings())
    defer { if !isMultilingual { tell(last.position, last.timings, isEnd: true) } }
    try cancelling {
      try RecordingTranscription(
        options: options, scheduler: scheduler, tokenizer: tokenizer, detector: detector, watch: watch,
        isCancelled: { stop.isSet }, abandon: { abandoned.set() }
      ).run(audio, progress: { tell($0, $1) }, deliver: deliver)
    }
  }

  private func open(
    _ path: String, _ selection: SoundSelection, isCancelled: @escaping () -> Bool
  ) throws -> AudioDecoder {
    try cancelling { try AudioDecoder(path: path, selection: selection, isCancelled: isCancelled) }
  }
}

/// Runs `body`; a reading that was cancelled is a cancellation like any other.
func cancelling<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch AudioError.cancelled {
    throw CancellationError()
  }
}

/// Raised once, when nobody waits for the result any more.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
