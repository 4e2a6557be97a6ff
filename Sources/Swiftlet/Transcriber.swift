// The way in: a loaded model that turns recordings into text.

package import Foundation
import SwiftletAudio
import SwiftletCheckpoints
import SwiftletCompute
package import SwiftletDevice
import SwiftletText
import SwiftletWhisper
import Synchronization

/// A Whisper model, loaded and ready to transcribe.
///
/// ```swift
/// let transcriber = try await Transcriber.load("tiny.en")
/// for try await segment in transcriber.segments(of: .file(url)) { print(segment.text) }
/// ```
///
/// Recordings that are asked for at the same time are transcribed at the same time, up to the transcriber's concurrency: their
/// windows share the network's steps, which costs less than one after the other and gives the same text.
public final class Transcriber: Sendable {
  let tokenizer: Tokenizer
  let scheduler: NetworkScheduler
  let detector: VoiceActivityDetector
  /// The engine is in use as long as the transcriber is there.
  private let lease: FolderLease?
  /// Recordings are read and put together here, so that they never block a thread of Swift's concurrency.
  private let callers: BlockingThreads

  /// Loads a model from an engine folder, a model's file or its folder, and blocks meanwhile.
  ///
  /// - Parameter driver: opens the driver of GPUs.
  package init(
    model url: URL, device: ComputeDevice = .automatic, precisions: EnginePrecisions? = nil,
    threads: Int? = nil, concurrency: Int = 4, engineStore: EngineStore = EngineStore(),
    progress: (EngineStore.Progress) throws -> Void = { _ in },
    driver: () throws -> Driver = { try Driver.system() }
  ) throws {
    // Each blocks threads of its own.
    guard (1...64).contains(concurrency) else {
      throw SwiftletError.invalid(
        "\(concurrency) recordings cannot be transcribed at once; give 1 to 64.", subject: "concurrency")
    }
    let context = try throwingPublicErrors { try ComputeContext(threads: threads) }
    // Before anything is built.
    let gpu = try throwingPublicErrors { try device.open(driver) }
    callers = BlockingThreads("swiftlet.recording", limit: concurrency)
    detector = try VoiceActivityDetector()
    let engine = try engineStore.load(
      url, precisions: precisions, standard: .standard(on: device), threads: threads, progress: progress)
    lease = engine.lease
    let network: any Network =
      if let gpu {
        try throwingPublicErrors { try DeviceNetwork(engine.model, on: gpu) }
      } else {
        try CPUNetwork(engine.model, context: context)
      }
    scheduler = NetworkScheduler(network, context: context)
    tokenizer = try withExtendedLifetime(engine) {
      try Tokenizer.load(from: engine.folder, vocabularySize: engine.model.dimensions.vocabularySize)
    }
  }

  /// Finds out, before any work, whether the model can do what is asked.
  ///
  /// - Throws: ``SwiftletError`` with ``SwiftletError/Code/invalidOptions`` for a language that it does not know, a translation
  ///   that it can't make, a number out of range, or options that do not go together.
  public func check(_ options: TranscriptionOptions) throws {
    try throwingPublicErrors {
      try options.withoutAutomaticLanguage.check(
        tokenizer: tokenizer, contextLength: scheduler.network.dimensions.textContext)
    }
  }

  /// Whether the model knows languages other than English.
  public var isMultilingual: Bool { tokenizer.isMultilingual }

  /// The segments of a recording, as they are transcribed.
  ///
  /// Nothing is done before the first segment is asked for. The work then goes on until it is 64 segments ahead of the reader. It
  /// takes one of the places that the transcriber's `concurrency` says, so a reader who waits for another sequence while all places
  /// are taken waits for ever.
  ///
  /// - Parameters:
  ///   - input: what to transcribe.
  ///   - options: how to transcribe it.
  ///   - checkpoint: of the same recording and options (``TranscriptionProgress/checkpoint``), to go on there; nil to begin.
  ///   - progress: called after every window, on the transcriber's own thread.
  /// - Returns: a sequence that throws ``SwiftletError`` for options that can't be served, and when the audio can't be read, or not
  ///   to its end; what came before that is delivered first. Releasing its iterator, or cancelling the task that waits for a
  ///   segment, stops the work within a step; the iterator then throws `CancellationError`.
  public func segments(
    of input: AudioInput, options: TranscriptionOptions = TranscriptionOptions(),
    from checkpoint: TranscriptionCheckpoint? = nil,
    progress: @escaping @Sendable (TranscriptionProgress) -> Void = { _ in }
  ) -> some AsyncSequence<Segment, any Error> & Sendable {
    ResultSequence<Segment> { handover in
      self.callers.add {
        handover.finish(
          Result {
            try throwingPublicErrors {
              try self.transcribe(input, options, from: checkpoint, stop: handover.stop, progress: progress) {
                handover.put(blocking: $0)
              }
            }
          })
      }
    }
  }

  /// The transcript of a recording.
  ///
  /// - Parameters:
  ///   - input: what to transcribe.
  ///   - options: how to transcribe it.
  ///   - progress: called after every window, on the transcriber's own thread.
  /// - Throws: ``SwiftletError`` for options that can't be served, and if the audio can't be read, or not to its end;
  ///   ``SwiftletError/partialResult`` is then the transcript of what came before. `CancellationError` if the task is cancelled.
  public func transcribe(
    _ input: AudioInput, options: TranscriptionOptions = TranscriptionOptions(),
    progress: @escaping @Sendable (TranscriptionProgress) -> Void = { _ in }
  ) async throws -> Transcript {
    let timings = Mutex(Timings())
    var segments: [Segment] = []
    func transcript() -> Transcript {
      let timings = timings.withLock { $0 }
      return Transcript(segments: segments, duration: timings.duration, timings: timings)
    }
    do {
      let sequence = self.segments(of: input, options: options) { latest in
        timings.withLock { $0 = latest.timings }
        progress(latest)
      }
      for try await segment in sequence { segments.append(segment) }
      return transcript()
    } catch var error as SwiftletError {
      if !segments.isEmpty {
        if error.code == .unreadableAudio { error.code = .incompleteAudio }
        error.partialResult = transcript()
      }
      throw error
    }
  }

  /// The languages of the first speech in a recording, of at most 30 s of it, the most probable first. Where nobody speaks in the
  /// first ten minutes, of its first 30 s.
  ///
  /// - Parameters:
  ///   - input: the recording; separate channels are mixed.
  ///   - padding: what fills the window if there is less.
  ///   - candidates: as ``TranscriptionOptions/languageCandidates``; their probabilities add up to 1.
  ///   - notice: receives sentences about the recording, as in ``TranscriptionProgress/notices``.
  /// - Throws: ``SwiftletError`` if the model knows only English, does not know a candidate, or the audio can't be read;
  ///   `CancellationError` if the task is cancelled.
  public func detectLanguage(
    of input: AudioInput, padding: TranscriptionOptions.Padding = .silence, candidates: [String] = [],
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> [LanguageProbability] {
    guard isMultilingual else {
      throw SwiftletError.invalid(
        "This model is for English only, so there is no language to detect; use a multilingual model (base, not base.en)."
      )
    }
    try input.check()
    try TranscriptionOptions.checkCandidates(candidates, tokenizer: tokenizer)
    var options = TranscriptionOptions()
    options.windows.padding = padding
    options.languageCandidates = candidates
    let stop = StopFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        callers.add { [options] in
          continuation.resume(
            with: Result {
              try throwingPublicErrors { try self.languages(of: input, options, stop: stop, notice: notice) }
            })
        }
      }
    } onCancel: {
      stop.set()
    }
  }

  private func languages(
    of input: AudioInput, _ options: TranscriptionOptions, stop: StopFlag, notice: (String) -> Void
  ) throws -> [LanguageProbability] {
    var input = input
    if input.channels == .separate { input.channels = .mix }
    let audio = try input.open { stop.isSet }
    defer { audio.report.notices.forEach(notice) }
    let beginning = BeginningOfSound(audio, seconds: 30)
    var tenMinutes = options
    tenMinutes.clipTimestamps = [0, 600]
    let speech = ChunkReader(beginning, network: detector.network, options: tenMinutes).next()
    let sound = speech.map { RecordedSamples($0.samples[...]) } ?? beginning.recorded
    let job = job(options, stop: stop)
    let window = try job.windows(of: sound).window(at: 0)
    try stop.check()
    guard let window else { return [] }
    var timings = Timings()
    return try job.languages(of: window, timings: &timings).map {
      LanguageProbability(code: $0.language.code, name: $0.language.name, probability: $0.probability)
    }
  }

  func job(
    _ options: TranscriptionOptions, watch: ForeignSpeechWatch? = nil, stop: StopFlag
  ) -> TranscriptionJob {
    TranscriptionJob(
      scheduler: scheduler, tokenizer: tokenizer, detector: detector, options: options, watch: watch,
      stop: stop)
  }

  private func transcribe(
    _ input: AudioInput, _ options: TranscriptionOptions, from checkpoint: TranscriptionCheckpoint?,
    stop: StopFlag,
    progress: (TranscriptionProgress) -> Void, deliver: (Segment) -> Void
  ) throws {
    let options = options.withoutAutomaticLanguage
    try check(options)
    try input.check()
    try stop.check()
    // Raised as well when something fails while the recording is still read.
    let reading = StopFlag(also: stop)
    let audio = try input.open(language: options.language) { reading.isSet }
    let report = audio.report
    let watch = isMultilingual ? nil : ForeignSpeechWatch(options)
    var last = (position: 0.0, timings: Timings())
    func tell(
      _ position: Double, _ timings: Timings, _ checkpoint: TranscriptionCheckpoint? = nil,
      isEnd: Bool = false
    ) {
      last = (position, timings)
      let isForeign = watch?.isForeign(upTo: position, isEnd: isEnd) ?? false
      progress(
        TranscriptionProgress(
          position: position, duration: report.duration, timings: timings,
          notices: report.notices + (isForeign ? [ForeignSpeechWatch.notice(of: audio.name)] : []),
          checkpoint: checkpoint))
    }
    tell(checkpoint?.position ?? 0, checkpoint?.timings ?? Timings(), checkpoint)
    defer { if watch != nil { tell(last.position, last.timings, isEnd: true) } }
    let job = job(options, watch: watch, stop: stop)
    let isSeparate = input.channels == .separate
    let channels = isSeparate ? ChannelSplitter(audio).channels : [audio]
    if let checkpoint, !checkpoint.fits(channels: channels.count, sequential: options.sequential) {
      throw SwiftletError.invalid(
        "The checkpoint is of another recording, or of other options; begin without it.",
        subject: "checkpoint")
    }
    if options.sequential {
      try SequentialTranscription(job, of: channels, labels: isSeparate, from: checkpoint)
        .run(progress: { tell($0, $1, $2) }, deliver: deliver)
    } else {
      try ChunkedTranscription(job, of: channels, labels: isSeparate, reading: reading, from: checkpoint)
        .run(progress: { tell($0, $1, $2) }, deliver: deliver)
    }
  }
}
