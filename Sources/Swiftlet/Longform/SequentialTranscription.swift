// One recording, window after window.

import Foundation
import SwiftletAudio
import SwiftletText
import SwiftletWhisper

/// Transcribes a recording as openai-whisper's `transcribe` does: greedy or with beams, with fallback, window after window.
/// What guards against text that was invented or left out comes on top, where it is wanted.
final class SequentialTranscription {
  private let network: NetworkLane
  private let tokenizer: Tokenizer
  private let options: TranscriptionOptions
  private var listener: FallbackDecoder
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
  /// Seconds from the start of the recording to the end of the last segment.
  private var lastEnd = 0.0
  var timings: Timings { listener.timings }
  /// Notified of what each window tells of its language.
  private let watch: ForeignSpeechWatch
  /// Seconds from the start of the recording to that of `source`.
  private let offset: Double

  init(
    _ options: TranscriptionOptions, cutsSentences: Bool = false, omissionGuard: OmissionGuard? = nil,
    network: NetworkLane, tokenizer: Tokenizer, detector: VoiceActivityDetector, watch: ForeignSpeechWatch,
    offset: Double = 0, isCancelled: @escaping () -> Bool
  ) throws {
    self.watch = watch
    self.offset = offset
    self.options = options
    self.cutsSentences = cutsSentences
    self.omissionGuard = omissionGuard
    self.detector = detector
    self.network = network
    self.tokenizer = tokenizer
    aligner = WordAligner(network: network, tokenizer: tokenizer)
    seeking = SpeechSeeking(silenceThreshold: options.words.hallucinationSilenceThreshold)
    hallucinations =
      options.voiceActivity.hallucinationGuard ? HallucinationGuard(detector: detector) : nil
    listener = try FallbackDecoder(options, tokenizer: tokenizer, isCancelled: isCancelled)
    pass = SequentialPass(
      options, tokenizer: tokenizer, contextLength: network.model.dimensions.textContext)
  }

  /// Transcribes all that is left.
  func run(_ source: LogMelSource, deliver: (Segment) -> Void) throws {
    while let next = try next(source) { next.segments.forEach(deliver) }
  }

  /// Transcribes the next window.
  ///
  /// - Returns: its segments, and up to where they are known, in seconds; nil after the last window.
  /// - Throws: what the source does, after the last window that could be made.
  func next(_ source: LogMelSource) throws -> (segments: [Segment], end: Double)? {
    guard let stretch = pass.next() else { return nil }
    let window = try listener.timings.measure(\.audio) {
      try source.window(at: stretch.frame, limit: stretch.limit)
    }
    if listener.isCancelled() { throw CancellationError() }
    guard let window else { return nil }
    let segments = try hear(window, of: source)
    network.release()
    return (segments, pass.next().map { LogMelWindow.seconds($0.frame) } ?? .infinity)
  }

  /// A window's segments, with those of what was transcribed again among them; the pass then stands where the next begins.
  private func hear(_ window: LogMelWindow, of source: LogMelSource) throws -> [Segment] {
    listener.timings.duration = max(timings.duration, window.start + window.duration)
    guard let heard = try decode(window, prompt: pass.prompt(start:)) else {
      pass.skip(frames: window.contentFrames)
      return []
    }
    let all = try hearAgain(heard.holes, among: heard.segments, of: source)
    var segments = all.fitted(from: lastEnd, to: window.start + window.duration)
    if !options.words.aligned, !options.words.timestamps {
      for index in segments.indices { segments[index].words = nil }
    }
    lastEnd = segments.last?.end ?? lastEnd
    pass.accept(
      tokens: segments.flatMap(\.tokens), temperature: heard.temperature, nextFrame: heard.nextFrame)
    return segments
  }

  /// Segments in order, and between them what is said in the holes that they leave, each heard by itself.
  private func hearAgain(
    _ holes: [Range<Int>], among segments: [Segment], of source: LogMelSource
  ) throws -> [Segment] {
    var segments = segments
    for hole in holes {
      let window = try listener.timings.measure(\.audio) {
        try source.window(at: hole.lowerBound, limit: hole.count)
      }
      guard let window else { break }
      if listener.isCancelled() { throw CancellationError() }
      let place =
        segments.firstIndex { LogMelWindow.frame(at: $0.end) > hole.lowerBound } ?? segments.endIndex
      let seam = Seam(
        tokenizer: tokenizer, before: segments[..<place].last, after: segments[place...].first)
      let context = seam.context.suffix(network.model.dimensions.textContext / 2 - 1)
      let prompt = { [tokenizer] start in
        DecodingPrompt(previous: Array(context), start: start, given: [], specials: tokenizer.specials)
      }
      guard let heard = try decode(window, isAgain: true, prompt: prompt) else { continue }
      let again = try hearAgain(heard.holes, among: heard.segments, of: source)
      segments.insert(contentsOf: seam.joined(again), at: place)
    }
    return segments
  }

  private struct HeardWindow {
    var segments: [Segment]
    /// Where speech was left out, in frames of 10 ms, in order.
    var holes: [Range<Int>] = []
    var temperature: Double
    /// Where the next window begins.
    var nextFrame: Int
  }

  /// What is said in a window; nil if nobody speaks.
  private func decode(
    _ window: LogMelWindow, isAgain: Bool = false, prompt: ([Int]) -> DecodingPrompt
  ) throws -> HeardWindow? {
    if hallucinations != nil, HallucinationGuard.isDigitalSilence(window) { return nil }
    let result = try listener.decode(
      window, in: network, detecting: options.detectLanguagePerWindow, prompt: prompt)
    listener.timings.windows += 1
    listener.timings.tokens += result.steps
    if listener.settings.isSilent(result) || hallucinations?.isInvented(result, in: window) ?? false {
      return nil
    }
    if !isAgain { note(result, of: window) }
    var cut = SegmentBoundaries(
      result.tokens, frames: window.contentFrames, timestamps: options.windows.timestamps,
      specials: tokenizer.specials)
    if cutsSentences {
      cut.divide(at: tokenizer.sentences(of: result.tokens, language: listener.spokenLanguage))
    }
    var heard = HeardWindow(
      segments: segments(cut.pieces, of: result, in: window), temperature: result.temperature,
      nextFrame: window.firstFrame + cut.advance)
    let timesWords = options.words.timestamps || cutsSentences || isAgain
    if timesWords {
      try align(&heard.segments, of: window, lastSpeech: seeking.lastSpeech)
      if !isAgain {
        let afterWords = seeking.nextFrame(
          after: &heard.segments,
          in: SpeechSeeking.Window(
            firstFrame: window.firstFrame, frames: window.contentFrames, cut: cut,
            isLast: window.contentFrames < LogMelWindow.frames))
        // A chunk ends with silence that need not be heard again.
        if options.sequential || options.words.hallucinationSilenceThreshold != nil {
          heard.nextFrame = afterWords
        }
      }
    }
    // What lasts no time by its timestamps was not said; a sentence whose words were squeezed together was.
    heard.segments.removeAll { $0.start == $0.end && !cutsSentences || $0.text.isEmpty }
    let end = isAgain ? window.firstFrame + window.contentFrames : heard.nextFrame
    try findHoles(in: &heard, of: window, until: end, areTimed: timesWords)
    if cutsSentences, let omissionGuard {
      heard.segments = omissionGuard.fitted(heard.segments, with: tokenizer)
    }
    hallucinations?.removeRepetitions(from: &heard.segments, in: window)
    if options.words.aligned { try addWords(to: &heard.segments, of: window) }
    return heard
  }

  private func note(_ result: DecodingResult, of window: LogMelWindow) {
    // Other rules than the usual ones make text less probable, whatever its language.
    guard !tokenizer.isMultilingual, watch.isOpen, options.fallback.temperatures.first == 0,
      options.decoding.repetitionPenalty == 1, options.decoding.noRepeatNgramSize == 0,
      let evidence = SpeechEvidence(result, start: offset + window.start, sound: window.sound)
    else { return }
    watch.add(evidence)
  }

  /// Finds where a window's segments leave out speech; if they do, they are cut there and timed by their words.
  private func findHoles(
    in heard: inout HeardWindow, of window: LogMelWindow, until end: Int, areTimed: Bool
  ) throws {
    let begin = window.firstFrame
    let stretch = begin..<max(begin, min(end, begin + window.contentFrames))
    guard options.guardsOmissions, !window.sound.isEmpty, !heard.segments.isEmpty else { return }
    // Where sound and words are known anyway, they are looked at anyway.
    guard
      omissionGuard != nil && areTimed
        || OmissionGuard.isSparse(heard.segments, seconds: LogMelWindow.seconds(stretch.count))
    else { return }
    let omissionGuard =
      omissionGuard ?? OmissionGuard(activity: detector.activity(in: window.sound), start: window.start)
    var timed = heard.segments
    if !areTimed {
      if omissionGuard.holes(in: stretch, words: timed.map(OmissionGuard.roughly)).isEmpty { return }
      try align(&timed, of: window, lastSpeech: lastEnd)
    }
    let words = timed.flatMap { $0.words ?? [] }
    heard.holes = omissionGuard.holes(in: stretch, words: words.filter { !omissionGuard.isStretched($0) })
    if heard.holes.isEmpty { return }
    // Words that were spread over a hole are transcribed again with it.
    let spread = words.filter { word in
      omissionGuard.isStretched(word) && heard.holes.contains { $0.overlaps(word.frames) }
    }
    let cuts =
      heard.holes.map(\.lowerBound) + spread.flatMap { [$0.frames.lowerBound, $0.frames.upperBound] }
    heard.segments = timed.flatMap { $0.divided(at: cuts.sorted(), with: tokenizer) }
    heard.segments.removeAll { segment in
      segment.words.map { !$0.isEmpty && $0.allSatisfy(spread.contains) } ?? false
    }
  }

  /// Finds the words of segments that have none yet, and moves nothing else.
  private func addWords(to segments: inout [Segment], of window: LogMelWindow) throws {
    guard segments.contains(where: { $0.words == nil }) else { return }
    var timed = segments
    try align(&timed, of: window, lastSpeech: lastEnd)
    for index in segments.indices { segments[index].words = timed[index].words }
  }

  private func align(_ segments: inout [Segment], of window: LogMelWindow, lastSpeech: Double) throws {
    let language = listener.spokenLanguage
    try listener.timings.measure(\.alignment) {
      try aligner.align(
        &segments,
        of: AlignmentInput(
          audio: try network.audio, start: window.start, frames: window.contentFrames,
          language: language, task: options.task.speechTask),
        lastSpeech: lastSpeech)
    }
  }

  private func segments(
    _ pieces: [SegmentBoundaries.Piece], of result: DecodingResult, in window: LogMelWindow
  ) -> [Segment] {
    // Timestamps may stand between the bytes of a character.
    let texts = tokenizer.texts(of: pieces.map { result.tokens[$0.tokens] })
    return zip(pieces, texts).map { piece, text in
      Segment(
        start: window.start + piece.start, end: window.start + piece.end,
        text: text.trimmingCharacters(in: .whitespacesAndNewlines),
        tokens: Array(result.tokens[piece.tokens]),
        language: (listener.language ?? .english).code,
        languageProbability: listener.languageProbability, temperature: result.temperature,
        averageLogProbability: result.averageLogProbability, compressionRatio: result.compressionRatio,
        noSpeechProbability: result.noSpeechProbability,
        tokenLogProbabilities: result.logProbabilities[piece.tokens].map(Double.init),
        windowStart: window.start)
    }
  }
}

extension Word {
  fileprivate var frames: Range<Int> { LogMelWindow.frame(at: start)..<LogMelWindow.frame(at: end) }
}
