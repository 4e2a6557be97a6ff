// The bodies of answers, as OpenAI's API has them.

#if Server
import Foundation
import Swiftlet

/// What was used: seconds of sound.
struct Usage: Encodable, Sendable {
  var type = "duration"
  var seconds: Int

  init(_ duration: Double) { seconds = Int(duration.rounded(.up)) }
}

/// A token and how probable it was.
struct TokenLogProbability: Encodable, Sendable {
  var token: String
  var logprob: Double
  var bytes: [UInt8]

  /// Those of a segment's tokens that are text.
  static func list(of segment: Segment, _ transcriber: Transcriber) -> [TokenLogProbability] {
    zip(segment.tokens, segment.tokenLogProbabilities).compactMap { token, logprob in
      let bytes = transcriber.bytes(of: token)
      guard !bytes.isEmpty else { return nil }
      // JSON has no infinities.
      return TokenLogProbability(
        token: String(decoding: bytes, as: UTF8.self), logprob: logprob.isFinite ? logprob : -9999,
        bytes: bytes)
    }
  }
}

struct PlainResponse: Encodable, Sendable {
  var text: String
  var logprobs: [TokenLogProbability]?
  var usage: Usage
}

/// A word with its times.
struct WordBody: Encodable, Sendable {
  var word: String
  var start: Double
  var end: Double
  var probability: Double?

  init(_ word: Word, isTrimmed: Bool = false) {
    self.word = isTrimmed ? word.text.trimmed : word.text
    start = word.start
    end = word.end
    probability = word.probability.isFinite ? word.probability : nil
  }
}

/// A segment with openai-whisper's fields.
struct SegmentBody: Encodable, Sendable {
  var id: Int
  var seek: Int
  var start: Double
  var end: Double
  var text: String
  var tokens: [Int]
  var temperature: Double
  var averageLogProbability: Double
  var compressionRatio: Double
  var noSpeechProbability: Double
  var channel: Int?
  var language: String?
  var words: [WordBody]?

  enum CodingKeys: String, CodingKey {
    case id, seek, start, end, text, tokens, temperature, channel, language, words
    case averageLogProbability = "avg_logprob"
    case compressionRatio = "compression_ratio"
    case noSpeechProbability = "no_speech_prob"
  }

  /// - Parameter hasWords: whether its words and what they belong to are part of it.
  init(_ segment: Segment, id: Int, hasWords: Bool) {
    func finite(_ number: Double) -> Double { number.isFinite ? number : 0 }
    self.id = id
    seek = Int(((segment.windowStart ?? segment.start) * 100).rounded())
    start = segment.start
    end = segment.end
    text = segment.spacedText
    tokens = segment.tokens
    temperature = finite(segment.temperature)
    averageLogProbability = finite(segment.averageLogProbability)
    compressionRatio = finite(segment.compressionRatio)
    noSpeechProbability = finite(segment.noSpeechProbability)
    channel = segment.channel
    if hasWords {
      language = segment.language
      words = segment.words?.map { WordBody($0) }
    }
  }
}

/// `verbose_json`.
struct VerboseResponse: Encodable, Sendable {
  var task: String
  var language: String
  var duration: Double
  var text: String
  var segments: [SegmentBody]?
  var words: [WordBody]?
  var usage: Usage

  init(
    _ transcript: Transcript, task: TranscriptionOptions.SpeechTask, hasSegments: Bool, hasWords: Bool,
    segmentsHaveWords: Bool = false
  ) {
    self.task = task.rawValue
    language = transcript.language.map { Transcriber.languageNames[$0] ?? $0 } ?? ""
    duration = transcript.duration
    text = transcript.text
    if hasSegments {
      segments = transcript.segments.enumerated().map {
        SegmentBody($1, id: $0, hasWords: segmentsHaveWords || $1.channel != nil)
      }
    }
    if hasWords {
      words = transcript.segments.flatMap { $0.words ?? [] }.map { WordBody($0, isTrimmed: true) }
    }
    usage = Usage(transcript.duration)
  }
}

/// A piece of text, and the text at the end, of a streamed answer.
struct TextEvent: Encodable, Sendable {
  var type: String
  var delta: String?
  var text: String?
  var logprobs: [TokenLogProbability]?
  var usage: Usage?

  static func delta(_ text: String, logprobs: [TokenLogProbability]?) -> TextEvent {
    TextEvent(type: "transcript.text.delta", delta: text, logprobs: logprobs)
  }

  static func done(_ transcript: Transcript, logprobs: [TokenLogProbability]?) -> TextEvent {
    TextEvent(
      type: "transcript.text.done", text: transcript.text, logprobs: logprobs,
      usage: Usage(transcript.duration))
  }
}

/// A segment of a streamed answer.
struct SegmentEvent: Encodable, Sendable {
  var type = "transcript.text.segment"
  var id: String
  var start: Double
  var end: Double
  var text: String
  /// The channel, where channels are separate; OpenAI's clients want one in any case.
  var speaker: String
  var words: [WordBody]?

  init(_ segment: Segment, id: Int, hasWords: Bool) {
    self.id = "seg_\(id)"
    start = segment.start
    end = segment.end
    text = segment.spacedText
    speaker = segment.channel.map { "\($0)" } ?? ""
    words = hasWords ? segment.words?.map { WordBody($0, isTrimmed: true) } : nil
  }
}

/// An error in the midst of an answer.
struct ErrorEvent: Encodable, Sendable {
  var type = "error"
  var error: APIError.Details
}
#endif
