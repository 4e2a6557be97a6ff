// What a caller may ask of a transcription.

import SwiftletAudio
import SwiftletText

/// How to transcribe.
public struct TranscriptionOptions: Hashable, Codable, Sendable {
  /// A language's code or English name (`fr`, `French`); nil or `auto` lets a multilingual model detect it in the first speech.
  /// Models for English alone take nothing but English.
  public var language: String?
  /// Codes or English names of the languages that detection chooses among; empty for all that the model knows.
  public var languageCandidates: [String] = []
  /// Whether to write what was said, or its translation into English.
  public var task: Task
  /// What fills a window that the sound does not.
  public var padding: Padding

  /// With `sequential`, whether windows are cut into segments at the timestamps that Whisper writes. Without, each window is one
  /// segment. Otherwise segments are sentences, whose times come from their words, and this changes nothing.
  public var timestamps = true
  /// With timestamps, the first segment of a window begins within so many seconds of it; nil if it may begin anywhere.
  public var maxInitialTimestamp: Double? = 1

  /// Whether to find out when each word was said; see ``Segment/words``. Segments then begin and end with their words, and
  /// the next window begins after the last word.
  public var wordTimestamps = false
  /// Whether to find out when each word was said for display alone: ``Segment/words`` are set, and text, segments and windows
  /// are the same as without. Subtitles need it; see ``SubtitleOptions/needsWords``.
  public var alignsWords = false
  /// With word timestamps, segments that look invented are left out where so many seconds of silence are next to them, and
  /// the silence is passed over; nil: never.
  public var hallucinationSilenceThreshold: Double?

  /// Hypotheses that beam search follows at temperature 0; 1 is greedy decoding. Nil is 5, or 1 if `sequential`.
  public var beamSize: Int?
  /// Beam search goes on until so many times `beamSize` hypotheses have ended.
  public var patience = 1.0
  /// Hypotheses that are drawn at temperatures above 0, of which the best is taken.
  public var bestOf = 5
  /// With several hypotheses, the exponent of ((5 + length) / 6) by which a log-probability is divided; nil to divide by
  /// the length.
  public var lengthPenalty: Double?
  /// What random numbers begin with: the same seed gives the same text.
  public var seed: UInt64 = 0

  /// At which temperatures to decode, one after the other, while the thresholds are not met. 0 takes the most probable
  /// tokens, above it they are drawn.
  public var temperatures: [Double] = [0, 0.2, 0.4, 0.6, 0.8, 1]
  /// Text that compresses better repeats itself, and is decoded anew at the next temperature; nil: never.
  public var compressionRatioThreshold: Double? = 2.4
  /// A hypothesis whose mean log-probability is lower is decoded anew at the next temperature; nil: never.
  public var logProbabilityThreshold: Double? = -1
  /// A window in which it is more probable that nobody speaks, and whose mean log-probability is below its threshold, is
  /// taken for silence; nil: never.
  public var noSpeechThreshold: Double? = 0.6

  /// Tokens that are never written; -1 stands for all that is not speech (brackets, notes, and the like).
  public var suppressTokens = [-1]
  /// Whether a window's text may not begin with a space or be empty.
  public var suppressBlank = true
  /// What the logits of words already written in the window are divided by; 1 for no penalty.
  public var repetitionPenalty = 1.0
  /// Runs of so many words are not written a second time in a window; 0 to allow them.
  public var noRepeatNgramSize = 0

  /// Text that goes before each chunk, or with `sequential` before the first window, as if it had been said: for spelling, style and
  /// context.
  public var initialPrompt: String?
  /// With `sequential`, whether the initial prompt goes before every window.
  public var carryInitialPrompt = false
  /// The text with which the first window begins; it becomes part of the transcript.
  public var prefix: String?
  /// Words that are likely to occur; they go before every window.
  public var hotwords: String?
  /// Whether a window is told what was said before it. Nil: only if `sequential` and with `timestamps`. What was
  /// decoded at a temperature above 0.5 is never told.
  public var conditionOnPreviousText: Bool?

  /// Which of the recording's audio tracks and channels are transcribed.
  public var audio = AudioSelection()

  /// Whether to transcribe windows one after the other, as openai-whisper does, each told what was said before it. By default,
  /// a recording is cut at silences into chunks of at most 30 s while it is read, and the chunks are decoded side by side, none
  /// told what was said in others. Segments are then sentences, which begin and end with their words.
  public var sequential = false
  /// With `sequential`, whether to pass over what voice activity finds no speech in: silences of 2 s and more. The recording is
  /// read whole.
  public var vadFilter = false
  /// Chunks that are decoded at once, as far as a step of the decoder has room for their hypotheses: 16 in all. Nothing if
  /// `sequential`.
  public var batchSize = 8
  /// Seconds of the longest chunk, 1 to 30; nothing if `sequential`.
  public var chunkLength = 30.0
  /// The rules by which voice activity finds speech to make chunks of, or to keep with `vadFilter`; nil for
  /// ``VoiceActivityOptions/chunks`` and ``VoiceActivityOptions/filter``.
  public var voiceActivity: VoiceActivityOptions?
  /// Whether to leave out text that looks invented where voice activity finds no speech, and segments that repeat
  /// themselves more often than the sound can hold. With `zeros` padding there is no sound to ask, and nothing is left out.
  public var hallucinationGuard = true
  /// Whether to hear again, by itself, speech that voice activity finds where the text has no words: at times the decoder
  /// takes a pause for the end. The segments of such a window begin and end with their words. Not with `zeros` padding, and
  /// nor if `sequential` without `timestamps`, so that both are what the references write; nor with
  /// `hallucinationSilenceThreshold`, which leaves words out.
  public var omissionGuard = true

  /// What to transcribe: start, end, start, end... in seconds; without the last end, to the end. Empty: all.
  public var clipTimestamps: [Double] = []
  /// Whether to detect the language of each window, and not of the first one alone.
  public var detectLanguagePerWindow = false

  /// What to do with the part of a window that holds no sound. Nil folds it where there are no timestamps and the padding is
  /// silence: what has been measured to lose nothing (docs/notes/default-mode.md). With timestamps it can
  /// be folded too: as many words are right, but one timestamp in eight moves by more than 0.1 s. A window whose language
  /// must be detected is never folded.
  public var tail: Tail?
  /// With a folded tail, seconds after the sound that are kept whole.
  public var tailMargin = 1.0
  /// With a folded tail, one position (20 ms) in so many is kept of the rest.
  public var tailStep = 16

  /// What to do with speech.
  public enum Task: String, Codable, Sendable, CaseIterable {
    /// Write it in its own language.
    case transcribe
    /// Write it in English.
    case translate
  }

  /// What fills the 30 s window after the end of the sound; the reference implementations differ.
  public enum Padding: String, Codable, Sendable, CaseIterable {
    /// Silence before the log-mel, as transformers does.
    case silence
    /// Zeros in the normalised log-mel, as openai-whisper does. The loudest moment of the whole file then sets the
    /// scale, so the file is read to its end before the first word comes.
    case zeros
  }

  /// What the network does with the silent end of a window.
  public enum Tail: String, Codable, Sendable, CaseIterable {
    /// Looks at every 16th position of it, with the weight of all that it stands for: about as many words right, and
    /// several times as fast for short recordings.
    case fold
    /// Looks at all of it, as the reference implementations do.
    case exact
  }

  /// The properties' defaults, but for what is given.
  public init(
    language: String? = nil, task: Task = .transcribe, padding: Padding = .silence, tail: Tail? = nil
  ) {
    self.tail = tail
    self.language = language
    self.task = task
    self.padding = padding
  }
}

extension TranscriptionOptions.Task {
  var speechTask: SpeechTask { self == .translate ? .translate : .transcribe }
}

extension TranscriptionOptions {
  /// What to do where nothing is said of it. Zeros are there to do exactly what a reference does.
  var effectiveTail: Tail { tail ?? (!timestamps && padding == .silence ? .fold : .exact) }

  var guardsOmissions: Bool {
    omissionGuard && padding == .silence && (timestamps || !sequential)
      && hallucinationSilenceThreshold == nil
  }

  /// The rules of voice activity: those that were given, or the defaults.
  var voiceActivityRules: VoiceActivityOptions {
    if sequential { return voiceActivity ?? .filter }
    var rules = voiceActivity ?? .chunks
    rules.maximumSpeech = min(rules.maximumSpeech ?? chunkLength, chunkLength)
    return rules
  }

  /// The default beam size.
  static let standardBeamSize = 5

  var effectiveBeamSize: Int { beamSize ?? (sequential ? 1 : Self.standardBeamSize) }

  var conditionsOnPreviousText: Bool { conditionOnPreviousText ?? (timestamps && sequential) }
}

extension TranscriptionOptions.Padding {
  var windowPadding: WindowPadding { self == .zeros ? .zeros : .silence }
}
