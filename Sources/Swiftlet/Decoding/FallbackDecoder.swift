// A window of sound to a hypothesis that can be trusted: encoded, its language told, decoded.

import SwiftletAudio
import SwiftletCheckpoints
import SwiftletText
import SwiftletWhisper

/// Encodes and decodes the windows of one recording, one after the other.
final class FallbackDecoder {
  var settings: DecodingSettings
  let tokenizer: Tokenizer
  /// Holds the window that was decoded last, until it is released.
  let slot: AudioSlot
  /// As it was given or detected; nil until then.
  private(set) var language: Language?
  /// How probable the detected language is; nil if none was detected.
  private(set) var languageProbability: Double?
  var timings = Timings()

  private var options: TranscriptionOptions { settings.options }
  private var scheduler: NetworkScheduler { slot.scheduler }
  private var dimensions: ModelDimensions { scheduler.network.dimensions }

  /// - Parameter isLive: whether somebody waits for every word.
  init(_ job: TranscriptionJob, isLive: Bool = false) throws {
    tokenizer = job.tokenizer
    settings = DecodingSettings(job.options, tokenizer: job.tokenizer)
    slot = AudioSlot(
      job.scheduler, sequences: job.options.firstHypotheses, isLive: isLive, stop: job.stop)
    language = try job.options.language.map { try Language($0) }
  }

  /// Goes on in a language that was detected before.
  func resume(language: Language?, probability: Double?) {
    (self.language, languageProbability) = (language ?? self.language, probability)
  }

  /// The language of what is written, once it is known; English in models for English alone.
  var knownLanguage: Language? { language ?? (tokenizer.isMultilingual ? nil : .english) }

  /// What a word's tokens mean depends on it; nil in models for English alone.
  var spokenLanguage: Language? { tokenizer.isMultilingual ? language : nil }

  /// With the window's tail folded if that is allowed and the result can be trusted.
  ///
  /// - Parameters:
  ///   - detecting: whether to detect the language of this window, and not only if it is not known.
  ///   - prompt: makes the prompt of a start sequence.
  func decode(
    _ window: LogMelWindow, detecting: Bool, prompt: ([Int]) -> DecodingPrompt
  ) throws -> DecodingResult {
    let exact = EncoderPositions.exact(positions: dimensions.audioContext)
    // Which language it is, a short recording tells from the whole window only.
    let mustDetect = tokenizer.isMultilingual && (language == nil || detecting)
    let positions =
      mustDetect
      ? exact : TailFolding.positions(of: window, count: dimensions.audioContext, options: options)
    try scheduler.encode(window, positions, into: slot, timings: &timings)
    if mustDetect { try detectLanguage() }
    let prompt = prompt(
      try tokenizer.startSequence(
        language: language, task: options.task.speechTask, timestamps: options.windows.timestamps))
    if positions.counts != nil {
      let limit = TailFolding.tokenLimit(seconds: window.duration)
      if let result = try run(window, prompt, foldedLimit: limit) { return result }
      timings.repeated += 1
      try scheduler.encode(window, exact, into: slot, timings: &timings)
    }
    guard let result = try run(window, prompt, foldedLimit: nil) else { throw CancellationError() }
    return result
  }

  /// Decodes what was encoded; nil if it takes the whole window.
  private func run(
    _ window: LogMelWindow, _ prompt: DecodingPrompt, foldedLimit: Int?
  ) throws -> DecodingResult? {
    let loan = SequenceLoan(scheduler.pool, over: try slot.audio)
    defer { loan.giveBack() }
    let run = DecodingRun(
      settings: settings, prompt: prompt, sequences: loan, tokenizer: tokenizer,
      contextLength: dimensions.textContext, foldedLimit: foldedLimit, window: window.firstFrame)
    timings.decoder += try scheduler.run(run, stop: slot.stop)
    return run.needsWholeWindow ? nil : run.result
  }

  private func detectLanguage() throws {
    let first = try scheduler.languages(
      in: slot, among: options.candidates, specials: tokenizer.specials, timings: &timings
    ).first
    (language, languageProbability) = (first?.language, first?.probability)
  }
}
