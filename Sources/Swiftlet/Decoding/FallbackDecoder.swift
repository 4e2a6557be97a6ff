// A window of sound to a hypothesis that can be trusted: encoded, its language told, decoded.

import SwiftletAudio
import SwiftletText
import SwiftletWhisper

/// Encodes and decodes the windows of one recording.
struct FallbackDecoder {
  let options: TranscriptionOptions
  var settings: DecodingSettings
  let tokenizer: Tokenizer
  let isCancelled: () -> Bool
  /// As it was given or detected; nil until then.
  private(set) var language: Language?
  /// How probable the detected language is; nil if none was detected.
  private(set) var languageProbability: Double?
  var timings = Timings()

  init(_ options: TranscriptionOptions, tokenizer: Tokenizer, isCancelled: @escaping () -> Bool) throws {
    self.options = options
    self.tokenizer = tokenizer
    self.isCancelled = isCancelled
    settings = DecodingSettings(options, tokenizer: tokenizer)
    language = try options.language.map { try Language($0) }
  }

  /// The language of what is written, once it is known; English in models for English alone.
  var knownLanguage: Language? { language ?? (tokenizer.isMultilingual ? nil : .english) }

  /// What a word's tokens mean depends on it; nil in models for English alone.
  var spokenLanguage: Language? { tokenizer.isMultilingual ? language : nil }

  /// With the window's tail folded if that is allowed and the result can be trusted; the network has then listened to the
  /// window.
  ///
  /// - Parameters:
  ///   - detecting: whether to detect the language of this window, and not only if it is not known.
  ///   - prompt: makes the prompt of a start sequence.
  mutating func decode(
    _ window: LogMelWindow, in network: NetworkLane, detecting: Bool, prompt: ([Int]) -> DecodingPrompt
  ) throws -> DecodingResult {
    let positions = network.model.dimensions.audioContext
    let exact = EncoderPositions.exact(positions: positions)
    // Which language it is, a short recording tells from the whole window only.
    let mustDetect = tokenizer.isMultilingual && (language == nil || detecting)
    let plan =
      mustDetect
      ? exact
      : TailFolding.plan(for: window, positions: positions, options: options)
    try network.listen(to: window, plan: plan, timings: &timings)
    if mustDetect { try detectLanguage(in: network) }
    let prompt = prompt(try startSequence())
    if plan.counts != nil {
      let limit = TailFolding.tokenLimit(seconds: window.duration)
      if let result = try decodeAudio(of: window, in: network, prompt, foldedLimit: limit) { return result }
      timings.repeated += 1
      try network.listen(to: window, plan: exact, timings: &timings)
    }
    guard let result = try decodeAudio(of: window, in: network, prompt, foldedLimit: nil) else {
      throw CancellationError()
    }
    return result
  }

  /// Decodes what the network has listened to; nil if it takes the whole window.
  private mutating func decodeAudio(
    of window: LogMelWindow, in network: NetworkLane, _ prompt: DecodingPrompt, foldedLimit: Int?
  ) throws -> DecodingResult? {
    let loan = SequenceLoan(network.pool, over: try network.audio)
    defer { loan.giveBack() }
    let decoding = DecodingRun(
      settings: settings, prompt: prompt, sequences: loan, tokenizer: tokenizer,
      contextLength: network.model.dimensions.textContext, foldedLimit: foldedLimit,
      window: window.firstFrame)
    try network.run(decoding, timings: &timings, isCancelled: isCancelled)
    return decoding.needsWholeWindow ? nil : decoding.result
  }

  private mutating func detectLanguage(in network: NetworkLane) throws {
    let first = try network.detectLanguage(
      among: options.candidates, specials: tokenizer.specials, timings: &timings, isCancelled: isCancelled
    ).first
    (language, languageProbability) = (first?.language, first?.probability)
  }

  private func startSequence() throws -> [Int] {
    try tokenizer.startSequence(
      language: language, task: options.task.speechTask, timestamps: options.windows.timestamps)
  }
}
