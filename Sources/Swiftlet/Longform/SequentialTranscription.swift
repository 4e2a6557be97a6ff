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
  private var listener: WindowListener
  /// Whether windows, decoded without timestamps, are cut into sentences, which their words' times are given to.
  private let cutsSentences: Bool
  /// Tells what is left of a window that seems to be done; nil for openai-whisper's rules, by which it is.
  private let unheard: UnheardSpeech?
  /// Nil unless words are to be timed.
  private let aligner: WordAligner?
  private var pass: SequentialPass
  private var seeking: SpeechSeeking
  /// Nil where it is not wanted.
  private var hallucinations: HallucinationGuard?
  var timings: Timings { listener.timings }

  init(
    _ options: TranscriptionOptions, cutsSentences: Bool = false, unheard: UnheardSpeech? = nil,
    network: NetworkLane, tokenizer: Tokenizer, detector: VoiceActivityDetector,
    isCancelled: @escaping () -> Bool
  ) throws {
    self.options = options
    self.cutsSentences = cutsSentences
    self.unheard = unheard
    self.network = network
    self.tokenizer = tokenizer
    aligner =
      options.wordTimestamps || cutsSentences || unheard != nil
      ? WordAligner(network: network, tokenizer: tokenizer) : nil
    seeking = SpeechSeeking(silenceThreshold: options.hallucinationSilenceThreshold)
    hallucinations =
      options.hallucinationGuard ? HallucinationGuard(detector: detector) : nil
    listener = try WindowListener(options, tokenizer: tokenizer, isCancelled: isCancelled)
    pass = SequentialPass(
      options, tokenizer: tokenizer, contextLength: network.model.dimensions.textContext)
  }

  /// - Parameters:
  ///   - progress: called after every window, with the seconds that are done.
  /// - Throws: what the source does, after the last window that could be made.
  func run(
    _ source: LogMelSource, progress: (Double) -> Void, deliver: (Segment) -> Void
  ) throws {
    while let stretch = pass.next() {
      let window = try listener.timings.measure(\.audio) {
        try source.window(at: stretch.frame, limit: stretch.limit)
      }
      guard let window else { return }
      if listener.isCancelled() { throw CancellationError() }
      for segment in try segments(of: window) { deliver(segment) }
      progress(window.start + window.duration)
    }
  }

  private func segments(of window: LogMelWindow) throws -> [Segment] {
    listener.timings.duration = max(timings.duration, window.start + window.duration)
    if hallucinations != nil, HallucinationGuard.isDigitalSilence(window) {
      pass.skip(frames: window.contentFrames)
      return []
    }
    let result = try listener.decode(
      window, in: network, detecting: options.detectLanguagePerWindow, prompt: pass.prompt(start:))
    listener.timings.windows += 1
    listener.timings.tokens += result.steps
    if listener.settings.isSilent(result) || hallucinations?.isInvented(result, in: window) ?? false {
      pass.skip(frames: window.contentFrames)
      return []
    }
    var cut = WindowCut(
      result.tokens, frames: window.contentFrames, timestamps: options.timestamps,
      specials: tokenizer.specials)
    if cutsSentences {
      cut.divide(at: tokenizer.sentences(of: result.tokens, language: listener.spokenLanguage))
    }
    var segments = cut.pieces.map { segment($0, of: result, in: window) }
    var nextFrame = window.firstFrame + cut.advance
    let timed = try aligned(segments, of: window)
    if options.wordTimestamps || cutsSentences {
      segments = timed
      let afterWords = seeking.nextFrame(
        after: &segments,
        in: SpeechSeeking.Window(
          firstFrame: window.firstFrame, frames: window.contentFrames, cut: cut,
          isLast: window.contentFrames < LogMelWindow.frames))
      // A chunk ends with silence that need not be heard again.
      if !options.batched || options.hallucinationSilenceThreshold != nil { nextFrame = afterWords }
    }
    // What was left out because it looked invented is not to be heard again, nor what would be the same window.
    if let unheard, options.hallucinationSilenceThreshold == nil,
      let hole = unheard.holes(
        in: window.firstFrame..<nextFrame, words: timed.flatMap { $0.words ?? [] }
      ).first(where: { $0.lowerBound >= window.firstFrame + UnheardSpeech.leastGain })
    {
      segments.cut(at: hole.lowerBound, by: timed, with: tokenizer)
      nextFrame = hole.lowerBound
    }
    // What lasts no time by its timestamps was not said; a sentence whose words were squeezed together was.
    segments.removeAll { $0.start == $0.end && !cutsSentences || $0.text.isEmpty }
    hallucinations?.removeRepetitions(from: &segments, in: window)
    if !options.wordTimestamps { for index in segments.indices { segments[index].words = nil } }
    pass.accept(
      tokens: segments.flatMap(\.tokens), temperature: result.temperature, nextFrame: nextFrame)
    return segments
  }

  /// The same with their words, where anybody wants to know them.
  private func aligned(_ segments: [Segment], of window: LogMelWindow) throws -> [Segment] {
    guard let aligner else { return segments }
    var segments = segments
    let language = listener.spokenLanguage
    try listener.timings.measure(\.alignment) {
      try aligner.align(
        &segments,
        of: DecodedWindow(
          audio: network.audio, start: window.start, frames: window.contentFrames,
          language: language, task: options.task.speechTask),
        lastSpeech: seeking.lastSpeech)
    }
    return segments
  }

  private func segment(
    _ piece: WindowCut.Piece, of result: WindowResult, in window: LogMelWindow
  ) -> Segment {
    let tokens = Array(result.tokens[piece.tokens])
    return Segment(
      start: window.start + piece.start, end: window.start + piece.end,
      text: tokenizer.decode(tokens).trimmingCharacters(in: .whitespacesAndNewlines), tokens: tokens,
      language: (listener.language ?? .english).code, temperature: result.temperature,
      averageLogProbability: result.averageLogProbability, compressionRatio: result.compressionRatio,
      noSpeechProbability: result.noSpeechProbability,
      tokenLogProbabilities: result.logProbabilities[piece.tokens].map(Double.init),
      windowStart: window.start)
  }
}
