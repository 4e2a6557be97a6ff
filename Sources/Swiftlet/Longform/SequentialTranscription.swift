// One recording, window after window.

import Foundation
import SwiftletAudio
import SwiftletText
import SwiftletWhisper

/// Transcribes a recording as openai-whisper's `transcribe` does: greedy or with beams, with fallback, window after window.
final class SequentialTranscription {
  private let network: NetworkLane
  private let tokenizer: Tokenizer
  private let options: TranscriptionOptions
  private let settings: DecodingSettings
  /// Nil unless words are to be timed.
  private let aligner: WordAligner?
  private let isCancelled: () -> Bool
  private var pass: SequentialPass
  private var seeking: SpeechSeeking
  /// Nil where it is not wanted.
  private var hallucinations: HallucinationGuard?
  /// As it was given or detected; nil until then.
  private var language: Language?
  private(set) var timings = Timings()

  init(
    _ options: TranscriptionOptions, network: NetworkLane, tokenizer: Tokenizer,
    detector: VoiceActivityDetector, isCancelled: @escaping () -> Bool
  ) throws {
    self.options = options
    self.network = network
    self.tokenizer = tokenizer
    aligner = options.wordTimestamps ? WordAligner(network: network, tokenizer: tokenizer) : nil
    seeking = SpeechSeeking(silenceThreshold: options.hallucinationSilenceThreshold)
    self.isCancelled = isCancelled
    settings = DecodingSettings(options, tokenizer: tokenizer)
    hallucinations =
      options.hallucinationGuard ? HallucinationGuard(detector: detector) : nil
    pass = SequentialPass(
      options, tokenizer: tokenizer, contextLength: network.model.dimensions.textContext)
    language = try options.language.map { try Language($0) }
  }

  /// - Parameters:
  ///   - progress: called after every window, with the seconds that are done.
  /// - Throws: what the source does, after the last window that could be made.
  func run(
    _ source: LogMelSource, progress: (Double) -> Void, deliver: (Segment) -> Void
  ) throws {
    while let stretch = pass.next() {
      let window = try timings.measure(\.audio) {
        try source.window(at: stretch.frame, limit: stretch.limit)
      }
      guard let window else { return }
      if isCancelled() { throw CancellationError() }
      for segment in try segments(of: window) { deliver(segment) }
      progress(window.start + window.duration)
    }
  }

  private func segments(of window: LogMelWindow) throws -> [Segment] {
    timings.duration = max(timings.duration, window.start + window.duration)
    if hallucinations != nil, HallucinationGuard.isDigitalSilence(window) {
      pass.skip(frames: window.contentFrames)
      return []
    }
    let result = try decode(window)
    timings.windows += 1
    timings.tokens += result.steps
    if settings.isSilent(result) || hallucinations?.isInvented(result, in: window) ?? false {
      pass.skip(frames: window.contentFrames)
      return []
    }
    let cut = WindowCut(
      result.tokens, frames: window.contentFrames, timestamps: options.timestamps,
      specials: tokenizer.specials)
    var segments = cut.pieces.map { segment($0, of: result, in: window) }
    var nextFrame = window.firstFrame + cut.advance
    if let aligner {
      try timings.measure(\.alignment) {
        try aligner.align(
          &segments,
          of: DecodedWindow(
            audio: network.audio, start: window.start, frames: window.contentFrames,
            language: tokenizer.isMultilingual ? language : nil, task: options.task.speechTask),
          lastSpeech: seeking.lastSpeech)
      }
      let afterWords = seeking.nextFrame(
        after: &segments,
        in: SpeechSeeking.Window(
          firstFrame: window.firstFrame, frames: window.contentFrames, cut: cut,
          isLast: window.contentFrames < LogMelWindow.frames))
      // A chunk ends with silence that need not be heard again.
      if !options.batched || options.hallucinationSilenceThreshold != nil { nextFrame = afterWords }
    }
    segments.removeAll { $0.start == $0.end || $0.text.isEmpty }
    hallucinations?.removeRepetitions(from: &segments, in: window)
    pass.accept(
      tokens: segments.flatMap(\.tokens), temperature: result.temperature, nextFrame: nextFrame)
    return segments
  }

  /// Encodes and decodes a window: with its tail folded if that is allowed and the result can be trusted.
  private func decode(_ window: LogMelWindow) throws -> WindowResult {
    let positions = network.model.dimensions.audioContext
    let exact = WindowPlan.exact(positions: positions)
    // Which language it is, a short recording tells from the whole window only.
    let mustDetect = tokenizer.isMultilingual && (language == nil || options.detectLanguagePerWindow)
    let plan =
      mustDetect
      ? exact
      : TailFolding.plan(
        for: window, positions: positions, encoder: network.model.encoder.precision, options: options)
    try network.listen(to: window, plan: plan, timings: &timings)
    if mustDetect { language = try detectLanguage().first?.language }
    if plan.counts != nil {
      let limit = TailFolding.tokenLimit(seconds: window.duration)
      if let result = try decodeAudio(of: window, foldedLimit: limit) { return result }
      timings.repeated += 1
      try network.listen(to: window, plan: exact, timings: &timings)
    }
    guard let result = try decodeAudio(of: window, foldedLimit: nil) else { throw CancellationError() }
    return result
  }

  /// Decodes what the network has listened to; nil if it takes the whole window.
  private func decodeAudio(of window: LogMelWindow, foldedLimit: Int?) throws -> WindowResult? {
    let sequences = network.pool.take(settings.hypotheses, over: network.audio)
    defer { network.pool.giveBack(sequences) }
    let decoding = WindowDecoding(
      settings: settings, prompt: pass.prompt(start: try startSequence()), sequences: sequences,
      tokenizer: tokenizer, contextLength: network.model.dimensions.textContext, foldedLimit: foldedLimit,
      window: window.firstFrame)
    try network.run(decoding, timings: &timings, isCancelled: isCancelled)
    return decoding.needsWholeWindow ? nil : decoding.result
  }

  private func detectLanguage() throws -> [(language: Language, probability: Double)] {
    try network.detectLanguage(
      specials: tokenizer.specials, timings: &timings, isCancelled: isCancelled)
  }

  private func startSequence() throws -> [Int] {
    try tokenizer.startSequence(
      language: language, task: options.task.speechTask, timestamps: options.timestamps)
  }

  private func segment(
    _ piece: WindowCut.Piece, of result: WindowResult, in window: LogMelWindow
  ) -> Segment {
    let tokens = Array(result.tokens[piece.tokens])
    return Segment(
      start: window.start + piece.start, end: window.start + piece.end,
      text: tokenizer.decode(tokens).trimmingCharacters(in: .whitespacesAndNewlines), tokens: tokens,
      language: (language ?? .english).code, temperature: result.temperature,
      averageLogProbability: result.averageLogProbability, compressionRatio: result.compressionRatio,
      noSpeechProbability: result.noSpeechProbability,
      tokenLogProbabilities: result.logProbabilities[piece.tokens].map(Double.init))
  }
}
