// Transcripts as JSON: openai-whisper's fields, and all there is to know.

import Foundation

/// The JSON of a transcript, on one line with the line's end.
struct TranscriptJSON: Encodable {
  private var text: String
  private var segments: [SegmentFields]
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
      SegmentFields(id: index, pair.0, text: pair.1, full: full)
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
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }

  private struct SegmentFields: Encodable {
    var id: Int
    /// The frame of 10 ms where its window begins; where it begins itself if it had none.
    var seek: Int
    var start: Double
    var end: Double
    var text: String
    var tokens: [Int]
    var temperature: Double?
    var averageLogProbability: Double?
    var compressionRatio: Double?
    var noSpeechProbability: Double?
    var words: [WordFields]?
    var channel: Int?
    var language: String?
    var languageProbability: Double?
    var tokenLogProbabilities: [Double?]?

    init(id: Int, _ segment: Segment, text: String, full: Bool) {
      self.id = id
      seek = Timecode(seconds: segment.windowStart ?? segment.start).milliseconds / 10
      start = segment.start
      end = segment.end
      self.text = text
      tokens = segment.tokens
      temperature = segment.temperature.ifFinite
      averageLogProbability = segment.averageLogProbability.ifFinite
      compressionRatio = segment.compressionRatio.ifFinite
      noSpeechProbability = segment.noSpeechProbability.ifFinite
      words = segment.words?.map(WordFields.init)
      channel = segment.channel
      if full {
        language = segment.language
        languageProbability = segment.languageProbability?.ifFinite
        tokenLogProbabilities = segment.tokenLogProbabilities.map(\.ifFinite)
      }
    }

    enum CodingKeys: String, CodingKey {
      case id, seek, start, end, text, tokens, temperature, words, channel, language
      case languageProbability = "language_probability"
      case averageLogProbability = "avg_logprob"
      case compressionRatio = "compression_ratio"
      case noSpeechProbability = "no_speech_prob"
      case tokenLogProbabilities = "token_logprobs"
    }
  }

  private struct WordFields: Encodable {
    var word: String
    var start: Double
    var end: Double
    var probability: Double?

    init(_ word: Word) {
      self.word = word.text
      start = word.start
      end = word.end
      probability = word.probability.ifFinite
    }
  }
}

extension Double {
  /// JSON has no infinities, and a token that was not possible has the logarithm of zero.
  fileprivate var ifFinite: Double? { isFinite ? self : nil }
}
