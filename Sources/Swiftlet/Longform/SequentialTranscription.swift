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
  /// Voice activity of all that is transcribed, if it is known.
  private let omissionGuard: OmissionGuard?
  private let aligner: WordAligner
  private var pass: SequentialPass
  private var seeking: SpeechSeeking
  /// Nil where it is not wanted.
  private var hallucinations: HallucinationGuard?
  private let detector: VoiceActivityDetector
  /// With `batched`, where speech was left out, in frames of 10 ms. Else it is heard again at once.
  private(set) var holes: [Range<Int>] = []
  var timings: Timings { listener.timings }

  init(
    _ options: TranscriptionOptions, cutsSentences: Bool = false, omissionGuard: OmissionGuard? = nil,
    network: NetworkLane, tokenizer: Tokenizer, detector: VoiceActivityDetector,
    isCancelled: @escaping () -> Bool
  ) throws {
    self.options = options
    self.cutsSentences = cutsSentences
    self.omissionGuard = omissionGuard
    self.detector = detector
    self.network = network
    self.tokenizer = tokenizer
    aligner = WordAligner(network: network, tokenizer: tokenizer)
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
    let timesWords = options.wordTimestamps || cutsSentences
    if timesWords {
      try align(&segments, of: window)
      let afterWords = seeking.nextFrame(
        after: &segments,
        in: SpeechSeeking.Window(
          firstFrame: window.firstFrame, frames: window.contentFrames, cut: cut,
          isLast: window.contentFrames < LogMelWindow.frames))
      // A chunk ends with silence that need not be heard again.
      if !options.batched || options.hallucinationSilenceThreshold != nil { nextFrame = afterWords }
    }
    /// Where the window after the next begins at the latest.
    var nextEnd: Int?
    if let (timed, omitted) = try omissions(in: window, until: nextFrame, segments, areTimed: timesWords) {
      if options.batched {
        holes += omitted
        segments = timed.flatMap { $0.divided(at: omitted.map(\.lowerBound), with: tokenizer) }
      } else if let hole = omitted.first {
        segments.cut(at: hole.lowerBound, by: timed, with: tokenizer)
        nextFrame = hole.lowerBound
        // From almost the same frame on almost the same would be heard.
        if nextFrame < window.firstFrame + OmissionGuard.leastGain { nextEnd = hole.upperBound }
      }
    }
    // What lasts no time by its timestamps was not said; a sentence whose words were squeezed together was.
    segments.removeAll { $0.start == $0.end && !cutsSentences || $0.text.isEmpty }
    hallucinations?.removeRepetitions(from: &segments, in: window)
    if !options.wordTimestamps { for index in segments.indices { segments[index].words = nil } }
    pass.accept(
      tokens: segments.flatMap(\.tokens), temperature: result.temperature, nextFrame: nextFrame)
    if let nextEnd { pass.divide(at: nextEnd) }
    return segments
  }

  /// Where a window's segments leave out speech, and these with their words; nil if there is no such place.
  private func omissions(
    in window: LogMelWindow, until nextFrame: Int, _ segments: [Segment], areTimed: Bool
  ) throws -> (timed: [Segment], holes: [Range<Int>])? {
    let stretch = window.firstFrame..<max(window.firstFrame, nextFrame)
    guard options.guardsOmissions, !window.sound.isEmpty else { return nil }
    // Where sound and words are known anyway, they are looked at anyway.
    guard
      omissionGuard != nil && areTimed
        || OmissionGuard.isSparse(segments, seconds: LogMelWindow.seconds(stretch.count))
    else { return nil }
    let omissionGuard =
      omissionGuard
      ?? OmissionGuard(
        activity: VoiceActivity(
          probabilities: detector.probabilities(of: window.sound), sampleCount: window.sound.count),
        start: window.start)
    var segments = segments
    if !areTimed {
      if omissionGuard.holes(in: stretch, words: segments.map(OmissionGuard.roughly)).isEmpty { return nil }
      try align(&segments, of: window)
    }
    let holes = omissionGuard.holes(in: stretch, words: segments.flatMap { $0.words ?? [] })
    return holes.isEmpty ? nil : (segments, holes)
  }

  private func align(_ segments: inout [Segment], of window: LogMelWindow) throws {
    let language = listener.spokenLanguage
    try listener.timings.measure(\.alignment) {
      try aligner.align(
        &segments,
        of: DecodedWindow(
          audio: network.audio, start: window.start, frames: window.contentFrames,
          language: language, task: options.task.speechTask),
        lastSpeech: seeking.lastSpeech)
    }
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
