// When each word of a window was said.

import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// Finds the times of words by the decoder's cross attention (openai-whisper's `timing.py`).
///
/// The text that decoding found is run through the decoder once more, whole and without timestamps; how that text came
/// about, by which strategy or in which batch, plays no part.
final class WordAligner {
  private let model: WhisperModel
  private let tokenizer: Tokenizer
  private let context: ComputeContext
  private let state: TextDecoder.State
  private var sequence: TextSequence?

  /// - Parameter state: decoding's own; its step is over when ``align(_:over:frames:start:language:task:lastSpeech:)``
  ///   is called, and its logits and states are overwritten.
  init(model: WhisperModel, tokenizer: Tokenizer, context: ComputeContext, state: TextDecoder.State) {
    self.model = model
    self.tokenizer = tokenizer
    self.context = context
    self.state = state
  }

  /// The segments of a window with their words, and with starts and ends that agree with them.
  ///
  /// - Parameters:
  ///   - segments: with their tokens, which may have timestamps among them, and times in seconds from the start of the
  ///     recording.
  ///   - audio: what the decoder listened to.
  ///   - frames: of the window's log-mel (10 ms) that hold sound.
  ///   - start: seconds from the start of the recording to that of the window.
  ///   - language: nil in models for English alone.
  ///   - lastSpeech: seconds from the start of the recording to the end of what was said before the window.
  func align(
    _ segments: [Segment], over audio: AudioMemory, frames: Int, start: Double, language: Language?,
    task: SpeechTask, lastSpeech: Double
  ) throws -> [Segment] {
    let text = segments.map { segment in segment.tokens.filter { $0 < tokenizer.specials.endOfText } }
    var timings = try self.timings(
      of: text.flatMap(\.self), over: audio, frames: frames, language: language, task: task)
    let durations = WordDurations(timings)
    timings.shortenAtSentenceEnds(durations)
    timings.mergePunctuation()

    var lastSpeech = lastSpeech
    var next = timings.startIndex
    var aligned = segments
    for index in segments.indices {
      var words: [Word] = []
      var tokens = 0
      while next < timings.endIndex, tokens < text[index].count {
        let timing = timings[next]
        if !timing.text.isEmpty { words.append(Word(timing, windowStart: start)) }
        tokens += timing.tokens
        next += 1
      }
      aligned[index].words = words
      aligned[index].agreeWithWords(durations, lastSpeech: lastSpeech)
      if !words.isEmpty { lastSpeech = aligned[index].end }
    }
    return aligned
  }

  /// The words of `tokens` and when they were said; every token is in one.
  func timings(
    of tokens: [Int], over audio: AudioMemory, frames: Int, language: Language?, task: SpeechTask
  ) throws -> [WordTiming] {
    guard !tokens.isEmpty, frames >= 2 else { return [] }
    let start = try tokenizer.startSequence(language: language, task: task, timestamps: false)
    let sequence = sequence ?? model.decoder.makeSequence(over: audio)
    self.sequence = sequence
    sequence.restart(over: audio)
    sequence.push(start + tokens + [tokenizer.specials.endOfText])
    let attention = try model.decoder.crossAttention(
      of: model.alignmentHeads, positions: frames / 2, consuming: sequence, in: state, context: context)
    // What follows the last token of the start is the first word.
    let first = start.count - 1
    let probabilities = model.decoder.probabilities(
      of: tokens, followingRow: first, below: tokenizer.specials.endOfText, in: state, context: context)
    let positions = AttentionMap(attention, pool: context.pool)
      .firstPositions(ofTokens: first..<start.count + tokens.count)
    var begin = 0
    return tokenizer.words(of: tokens, language: language).map { word in
      let end = begin + word.tokens.count
      defer { begin = end }
      return WordTiming(
        text: word.text, tokens: word.tokens.count,
        start: Double(positions[begin]) * SpecialTokens.timestampStep,
        end: Double(positions[end]) * SpecialTokens.timestampStep,
        probability: Double(probabilities[begin..<end].reduce(0, +)) / Double(word.tokens.count))
    }
  }
}

extension Word {
  /// Times are whole hundredths of a second.
  fileprivate init(_ timing: WordTiming, windowStart: Double) {
    self.init(
      text: timing.text, start: ((windowStart + timing.start) * 100).rounded() / 100,
      end: ((windowStart + timing.end) * 100).rounded() / 100, probability: timing.probability)
  }

  fileprivate var duration: Double { end - start }
}

extension Segment {
  /// Shortens words at either end into which a pause has been counted, and moves the segment's start and end to its words'
  /// (openai-whisper's `add_word_timestamps`).
  ///
  /// - Parameter lastSpeech: seconds from the start of the recording to the end of what was said before the segment.
  fileprivate mutating func agreeWithWords(_ durations: WordDurations, lastSpeech: Double) {
    guard var words, !words.isEmpty else { return }
    let longest = durations.longest
    // The first words after a pause.
    let isLong =
      words[0].duration > longest || words.count > 1 && words[1].end - words[0].start > 2 * longest
    if words[0].end - lastSpeech > 4 * durations.median, isLong {
      if words.count > 1, words[1].duration > longest {
        let boundary = max(words[1].end / 2, words[1].end - longest)
        words[0].end = boundary
        words[1].start = boundary
      }
      words[0].start = max(0, words[0].end - longest)
    }
    // Where they differ much, the decoder's timestamps are right.
    if start < words[0].end, start - 0.5 > words[0].start {
      words[0].start = max(0, min(words[0].end - durations.median, start))
    } else {
      start = words[0].start
    }
    let last = words.count - 1
    if end > words[last].start, end + 0.5 < words[last].end {
      words[last].end = max(words[last].start + durations.median, end)
    } else {
      end = words[last].end
    }
    self.words = words
  }
}
