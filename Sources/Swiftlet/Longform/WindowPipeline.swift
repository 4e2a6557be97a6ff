// One window of sound to its segments: decoded, cut, timed, compared with the sound.

import Foundation
import SwiftletAudio
import SwiftletText

/// What became of a window so far.
struct WindowText {
  let window: LogMelWindow
  let result: DecodingResult
  let boundaries: SegmentBoundaries
  var segments: [Segment]
  /// Whether words are known, and segments begin and end with theirs.
  var areTimed = false
  /// Where speech was left out, in frames of 10 ms, in order.
  var holes: [Range<Int>] = []
}

/// The four steps that each window of a recording goes through: ``decode(_:prompt:)`` makes segments,
/// ``time(_:lastSpeech:)`` finds their words, ``compare(_:until:)`` looks for what the sound contradicts, ``finish(_:of:)`` puts
/// times in order. Which windows there are, and what comes after which, is for the callers: ``SequentialTranscription`` and
/// ``ChunkedTranscription``.
final class WindowPipeline {
  /// Where a window's text is cut into segments.
  enum Cut {
    /// At the timestamps that Whisper writes; without them a window is one segment.
    case timestamps
    /// At the ends of sentences, which are timed by their words.
    case sentences
  }

  let job: TranscriptionJob
  let decoder: FallbackDecoder
  private let cut: Cut
  private let aligner: WordAligner
  /// Of all that is transcribed, if its voice activity is known.
  private let omissionGuard: OmissionGuard?
  /// Nil where it is not wanted.
  private var hallucinations: HallucinationGuard?
  /// Seconds from the start of the recording to the end of the last segment.
  private(set) var lastEnd = 0.0

  var repetition: HallucinationGuard.Repetition { hallucinations?.repetition ?? .init() }

  private var options: TranscriptionOptions { job.options }
  private var tokenizer: Tokenizer { job.tokenizer }

  init(_ job: TranscriptionJob, cut: Cut, omissionGuard: OmissionGuard?) throws {
    self.job = job
    self.cut = cut
    self.omissionGuard = omissionGuard
    decoder = try FallbackDecoder(job)
    aligner = WordAligner(slot: decoder.slot, tokenizer: job.tokenizer)
    hallucinations =
      job.options.voiceActivity.hallucinationGuard ? HallucinationGuard(detector: job.detector) : nil
  }

  /// Goes on where another was.
  func resume(lastEnd: Double, repetition: HallucinationGuard.Repetition) {
    self.lastEnd = lastEnd
    hallucinations?.repetition = repetition
  }

  /// The window that begins at a frame; nil where no sound is left.
  ///
  /// - Throws: what the source does, after the last window that could be made; `CancellationError`.
  func window(of source: LogMelSource, at frame: Int, limit: Int) throws -> LogMelWindow? {
    let window = try decoder.timings.measure(\.audio) { try source.window(at: frame, limit: limit) }
    try job.stop.check()
    return window
  }

  /// Decodes a window and cuts its text into segments; nil if nobody speaks.
  func decode(_ window: LogMelWindow, prompt: ([Int]) -> DecodingPrompt) throws -> WindowText? {
    if hallucinations != nil, HallucinationGuard.isDigitalSilence(window) { return nil }
    let result = try decoder.decode(window, detecting: options.detectLanguagePerWindow, prompt: prompt)
    decoder.timings.windows += 1
    decoder.timings.tokens += result.steps
    if decoder.settings.isSilent(result) || hallucinations?.isInvented(result, in: window) ?? false {
      return nil
    }
    var boundaries = SegmentBoundaries(
      result.tokens, frames: window.contentFrames, timestamps: options.windows.timestamps,
      specials: tokenizer.specials)
    if cut == .sentences {
      boundaries.divide(at: tokenizer.sentences(of: result.tokens, language: decoder.spokenLanguage))
    }
    return WindowText(
      window: window, result: result, boundaries: boundaries,
      segments: segments(boundaries.pieces, of: result, in: window))
  }

  /// Finds the words of segments, and moves the segments to them.
  ///
  /// - Parameter lastSpeech: seconds from the start of the recording to the end of what was said before the window.
  func time(_ text: inout WindowText, lastSpeech: Double) throws {
    try align(&text.segments, of: text.window, lastSpeech: lastSpeech)
    text.areTimed = true
  }

  /// Compares segments with the sound: what can't have been said is removed, and where speech was left out is found.
  ///
  /// - Parameter end: the frame behind which the window's sound is transcribed with the next one.
  func compare(_ text: inout WindowText, until end: Int) throws {
    // What lasts no time by its timestamps was not said; a sentence whose words were squeezed together was.
    text.segments.removeAll { $0.text.isEmpty || cut == .timestamps && $0.start == $0.end }
    try findHoles(in: &text, until: end)
    if cut == .sentences, let omissionGuard {
      text.segments = omissionGuard.fitted(text.segments, with: tokenizer)
    }
    hallucinations?.removeRepetitions(from: &text.segments, in: text.window)
  }

  /// Finds the words of segments that have none yet, and moves nothing else.
  func addWords(to text: inout WindowText) throws {
    guard text.segments.contains(where: { $0.words == nil }) else { return }
    var timed = text.segments
    try align(&timed, of: text.window, lastSpeech: lastEnd)
    for index in text.segments.indices { text.segments[index].words = timed[index].words }
  }

  /// A window's segments in order, after those of the windows before, and without words that nobody asked for.
  func finish(_ segments: [Segment], of window: LogMelWindow) -> [Segment] {
    var segments = segments.fitted(from: lastEnd, to: window.start + window.duration)
    if !options.words.aligned, !options.words.timestamps {
      for index in segments.indices { segments[index].words = nil }
    }
    lastEnd = segments.last?.end ?? lastEnd
    return segments
  }

  /// Finds where segments leave out speech; if they do, they are cut there and timed by their words.
  private func findHoles(in text: inout WindowText, until end: Int) throws {
    let window = text.window
    let begin = window.firstFrame
    let stretch = begin..<max(begin, min(end, begin + window.contentFrames))
    guard options.guardsOmissions, !window.sound.isEmpty, !text.segments.isEmpty else { return }
    // Where sound and words are known anyway, they are looked at anyway.
    guard
      omissionGuard != nil && text.areTimed
        || OmissionGuard.isSparse(text.segments, seconds: LogMelWindow.seconds(stretch.count))
    else { return }
    let omissionGuard =
      omissionGuard
      ?? OmissionGuard(activity: job.detector.activity(in: window.sound), start: window.start)
    var timed = text.segments
    if !text.areTimed {
      if omissionGuard.holes(in: stretch, words: timed.map(OmissionGuard.roughly)).isEmpty { return }
      try align(&timed, of: window, lastSpeech: lastEnd)
    }
    let found = omissionGuard.divide(timed, at: stretch, with: tokenizer)
    if found.holes.isEmpty { return }
    (text.segments, text.holes) = found
  }

  private func align(_ segments: inout [Segment], of window: LogMelWindow, lastSpeech: Double) throws {
    try decoder.timings.measure(\.alignment) {
      try aligner.align(
        &segments,
        of: AlignmentInput(
          start: window.start, frames: window.contentFrames, language: decoder.spokenLanguage,
          task: options.task.speechTask),
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
        language: (decoder.language ?? .english).code,
        languageProbability: decoder.languageProbability, temperature: result.temperature,
        averageLogProbability: result.averageLogProbability, compressionRatio: result.compressionRatio,
        noSpeechProbability: result.noSpeechProbability,
        tokenLogProbabilities: result.logProbabilities[piece.tokens].map(Double.init),
        windowStart: window.start)
    }
  }
}
