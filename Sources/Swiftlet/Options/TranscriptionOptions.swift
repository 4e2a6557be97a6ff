// How to transcribe.

import SwiftletText

/// How to transcribe. The defaults are the most accurate way that is also fast (docs/performance.md).
///
/// In JSON, keys may be left out for their defaults; unknown ones are an error.
public struct TranscriptionOptions: Hashable, Codable, Sendable {
  /// A language's code or English name (`fr`, `French`); nil or `auto` lets a multilingual model detect it in the first speech.
  /// English-only models take nothing but English.
  public var language: String?
  /// Codes or English names of the languages that detection chooses among; empty for all that the model knows.
  public var languageCandidates: [String] = []
  /// Whether to detect the language of each window, not only that of the first speech.
  public var detectLanguagePerWindow = false
  /// Whether to write what was said, or its translation into English.
  public var task = SpeechTask.transcribe

  /// Text that goes before each chunk, or with ``sequential`` before the first window, as if it had been said: for spelling, style
  /// and context.
  public var initialPrompt: String?
  /// With ``sequential``, whether the initial prompt goes before every window.
  public var carryInitialPrompt = false
  /// The text with which the first window begins; it becomes part of the transcript.
  public var prefix: String?
  /// Words that are likely to occur; they go before every window.
  public var hotwords: String?

  /// What to transcribe: start, end, start, end... in seconds; without the last end, to the end. Empty for all.
  public var clipTimestamps: [Double] = []
  /// Whether to transcribe windows one after the other, as openai-whisper does, each with the text before it as a prompt. By default,
  /// a recording is cut at silences into chunks of at most 30 s while it is read, and the chunks are decoded side by side, none
  /// with the text of others. Segments are then sentences, which begin and end with their words.
  public var sequential = false

  /// How tokens are chosen.
  public var decoding = Decoding()
  /// When a hypothesis is not trusted, and what is done then.
  public var fallback = Fallback()
  /// Where speech is, how it is cut into chunks, and what is checked against it.
  public var voiceActivity = VoiceActivity()
  /// The times of words.
  public var words = Words()
  /// The 30 s windows that the network sees.
  public var windows = Windows()

  /// What to do with speech.
  public enum SpeechTask: String, Codable, Sendable, CaseIterable {
    /// Write it in its own language.
    case transcribe
    /// Write it in English.
    case translate
  }

  /// The defaults, but for what is given.
  public init(language: String? = nil, task: SpeechTask = .transcribe) {
    self.language = language
    self.task = task
  }

  /// Reads options; those that are missing have their defaults.
  ///
  /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
  public init(from decoder: any Decoder) throws { try decode(from: decoder) }

  /// Writes all options.
  public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }
}

extension TranscriptionOptions: OptionGroup {
  static let fields = [
    OptionField<Self>("language", \.language),
    OptionField("languageCandidates", \.languageCandidates),
    OptionField("detectLanguagePerWindow", \.detectLanguagePerWindow),
    OptionField("task", \.task),
    OptionField("initialPrompt", \.initialPrompt),
    OptionField("carryInitialPrompt", \.carryInitialPrompt),
    OptionField("prefix", \.prefix),
    OptionField("hotwords", \.hotwords),
    OptionField("clipTimestamps", \.clipTimestamps) { clips in
      clips.allSatisfy { $0 >= 0 && $0 < 1e9 } && zip(clips, clips.dropFirst()).allSatisfy { $0 <= $1 }
        ? nil : "Clips are start,end,start,end... in seconds, each not before the one before it."
    },
    OptionField("sequential", \.sequential),
    OptionField("decoding", \.decoding),
    OptionField("fallback", \.fallback),
    OptionField("voiceActivity", \.voiceActivity),
    OptionField("words", \.words),
    OptionField("windows", \.windows),
  ]
}

extension TranscriptionOptions.SpeechTask {
  var speechTask: SwiftletText.SpeechTask { self == .translate ? .translate : .transcribe }
}
