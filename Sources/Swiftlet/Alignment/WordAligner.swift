// When each word of a window was said.

import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// A window whose hypothesis has been cut into segments.
struct AlignmentInput {
  /// Seconds from the start of the recording.
  var start: Double
  /// Frames of sound, 10 ms each.
  var frames: Int
  /// Nil in models for English alone.
  var language: Language?
  var task: SpeechTask
}

/// Finds the times of words by the decoder's cross attention (openai-whisper's `timing.py`).
///
/// The text that decoding found is run through the decoder once more, whole and without timestamps; how that text came
/// about, by which strategy or in which batch, plays no part.
struct WordAligner {
  /// Holds what the decoder listened to.
  let slot: AudioSlot
  let tokenizer: Tokenizer

  /// Sets the words of a window's segments, and moves their starts and ends to their words'.
  ///
  /// - Parameters:
  ///   - segments: with their tokens, which may have timestamps among them.
  ///   - lastSpeech: seconds from the start of the recording to the end of what was said before the window.
  func align(_ segments: inout [Segment], of window: AlignmentInput, lastSpeech: Double) throws {
    let text = segments.map { segment in segment.tokens.filter { $0 < tokenizer.specials.endOfText } }
    var timings = try timings(of: text.flatMap(\.self), in: window)
    let durations = WordDurations(timings)
    timings.shortenAtSentenceEnds(durations)
    timings.mergePunctuation()

    var lastSpeech = lastSpeech
    var next = timings.startIndex
    for index in segments.indices {
      var words: [Word] = []
      var tokens = 0
      while next < timings.endIndex, tokens < text[index].count {
        let timing = timings[next]
        if !timing.text.isEmpty { words.append(Word(timing, windowStart: window.start)) }
        tokens += timing.tokens
        next += 1
      }
      segments[index].words = words
      segments[index].agreeWithWords(durations, lastSpeech: lastSpeech)
      if !words.isEmpty { lastSpeech = segments[index].end }
    }
  }

  /// The words of `tokens` and when they were said; every token is in one.
  func timings(of tokens: [Int], in window: AlignmentInput) throws -> [WordTiming] {
    guard !tokens.isEmpty, window.frames >= 2 else { return [] }
    let start = try tokenizer.startSequence(language: window.language, task: window.task, timestamps: false)
    let loan = SequenceLoan(slot.scheduler.pool, over: try slot.audio)
    defer { loan.giveBack() }
    let sequence = loan.first(1)[0]
    sequence.push(start + tokens + [tokenizer.specials.endOfText])
    // What follows the last token of the start is the first word.
    let first = start.count - 1
    let context = slot.scheduler.context
    let heard = try slot.scheduler.perform(isLive: slot.isLive) { network in
      let attention = try network.crossAttention(
        of: network.alignmentHeads, positions: window.frames / 2, consuming: sequence)
      return Heard(
        attention: attention,
        probabilities: try network.probabilities(
          of: tokens, followingRow: first, below: tokenizer.specials.endOfText, context: context))
    }
    // The network is others' again.
    let positions = AttentionMap(heard.attention, pool: context.pool)
      .firstPositions(ofTokens: first..<start.count + tokens.count)
    let probabilities = heard.probabilities
    var begin = 0
    return tokenizer.words(of: tokens, language: window.language).map { word in
      let end = begin + word.tokens.count
      defer { begin = end }
      return WordTiming(
        text: word.text.withoutReplacementCharacters, tokens: word.tokens.count,
        start: Double(positions[begin]) * SpecialTokens.timestampStep,
        end: Double(positions[end]) * SpecialTokens.timestampStep,
        probability: Double(probabilities[begin..<end].reduce(0, +)) / Double(word.tokens.count))
    }
  }
}

/// What the network makes of known text: its own while it works, then its caller's.
private struct Heard: @unchecked Sendable {
  var attention: CrossAttentionWeights
  var probabilities: [Float]
}

extension Word {
  /// Times are whole hundredths of a second.
  init(_ timing: WordTiming, windowStart: Double) {
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
