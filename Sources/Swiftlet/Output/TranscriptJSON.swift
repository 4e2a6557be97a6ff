// Transcripts as JSON: openai-whisper's fields, and all there is to know.

import Foundation

/// The JSON of a transcript, on one line with the line's end.
struct TranscriptJSON: Encodable {
  private var text: String
  private var segments: [SegmentJSON]
  private var language: String?
  // What openai-whisper does not have; faster-whisper names the first.
  private var languageProbability: Double?
  private var duration: Double?
  private var timings: Timings?

  init(_ transcript: Transcript, full: Bool) {
    let end = transcript.duration.isFinite ? transcript.duration : transcript.segments.latestEnd
    let fitted = transcript.segments.fitted(to: end)
    let texts = fitted.spacedTexts
    text = (texts.first { !$0.isEmpty }?.hasPrefix(" ") ?? false ? " " : "") + transcript.text
    segments = zip(fitted, texts).enumerated().map { index, pair in
      SegmentJSON(id: index, pair.0, text: pair.1, full: full)
    }
    language = transcript.language
    if full {
      languageProbability = transcript.languageProbability?.ifFinite
      duration = transcript.duration.ifFinite
      timings = transcript.timings
    }
  }

  private enum CodingKeys: String, CodingKey {
    case text, segments, language, duration, timings
    case languageProbability = "language_probability"
  }

  var line: String {
    get throws { try jsonText(of: self) + "\n" }
  }
}

/// On one line, whose keys are in order.
func jsonText(of value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// A segment with openai-whisper's fields.
struct SegmentJSON: Encodable {
  private var id: Int
  /// The frame of 10 ms where its window begins; where it begins itself if it had none.
  private var seek: Int
  // What is no number is missing.
  private var start: Double?
  private var end: Double?
  private var text: String
  private var tokens: [Int]
  private var temperature: Double?
  private var averageLogProbability: Double?
  private var compressionRatio: Double?
  private var noSpeechProbability: Double?
  private var words: [WordJSON]?
  private var channel: Int?
  private var language: String?
  private var languageProbability: Double?
  private var tokenLogProbabilities: [Double?]?

  init(id: Int, _ segment: Segment, text: String, full: Bool) {
    self.id = id
    seek = Timecode(seconds: segment.windowStart ?? segment.start).milliseconds / 10
    start = segment.start.ifFinite
    end = segment.end.ifFinite
    self.text = text
    tokens = segment.tokens
    temperature = segment.temperature.ifFinite
    averageLogProbability = segment.averageLogProbability.ifFinite
    compressionRatio = segment.compressionRatio.ifFinite
    noSpeechProbability = segment.noSpeechProbability.ifFinite
    words = segment.words?.map(WordJSON.init)
    channel = segment.channel
    if full {
      language = segment.language
      languageProbability = segment.languageProbability?.ifFinite
      tokenLogProbabilities = segment.tokenLogProbabilities.map(\.ifFinite)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case id, seek, start, end, text, tokens, temperature, words, channel, language
    case languageProbability = "language_probability"
    case averageLogProbability = "avg_logprob"
    case compressionRatio = "compression_ratio"
    case noSpeechProbability = "no_speech_prob"
    case tokenLogProbabilities = "token_logprobs"
  }
}

struct WordJSON: Encodable {
  private var word: String
  private var start: Double?
  private var end: Double?
  private var probability: Double?

  init(_ word: Word) {
    self.word = word.text
    start = word.start.ifFinite
    end = word.end.ifFinite
    probability = word.probability.ifFinite
  }
}

/// An update of live sound, its words with the fields that a segment's have.
private struct UpdateJSON: Encodable {
  var committed: [WordJSON]
  var partial: [WordJSON]
  var language: String?
  var languageProbability: Double?
  var position: Double?
  var elapsed: Double?
  var notices: [String]

  init(_ update: StreamingUpdate) {
    committed = update.committed.map(WordJSON.init)
    partial = update.partial.map(WordJSON.init)
    language = update.language
    languageProbability = update.languageProbability?.ifFinite
    position = update.position.ifFinite
    elapsed = update.elapsed.ifFinite
    notices = update.notices
  }

  private enum CodingKeys: String, CodingKey {
    case committed, partial, language, position, elapsed, notices
    case languageProbability = "language_probability"
  }
}

extension Segment {
  /// The segment as JSON, on one line, with the fields that ``OutputFormat/jsonFull`` gives it.
  ///
  /// - Parameters:
  ///   - id: its number in the transcript, from 0 on.
  ///   - previous: the segment before it that has text; see ``spacedText(after:)``.
  /// - Throws: an error of `JSONEncoder`.
  public func json(id: Int, after previous: Segment? = nil) throws -> String {
    try jsonText(of: SegmentJSON(id: id, self, text: spacedText(after: previous), full: true))
  }
}

extension StreamingUpdate {
  /// The update as JSON, on one line: `committed` and `partial` words (`word`, `start`, `end`, `probability`), `position`,
  /// `elapsed`, `notices`, and `language` and `language_probability` where they are known.
  ///
  /// - Throws: an error of `JSONEncoder`.
  public func json() throws -> String { try jsonText(of: UpdateJSON(self)) }
}

extension Double {
  /// JSON has no infinities, and a token that was not possible has the logarithm of zero.
  fileprivate var ifFinite: Double? { isFinite ? self : nil }
}
