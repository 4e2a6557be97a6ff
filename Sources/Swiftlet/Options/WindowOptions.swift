// The 30 s windows that the network sees.

import SwiftletAudio

extension TranscriptionOptions {
  /// The 30 s windows that the network sees.
  public struct Windows: Hashable, Codable, Sendable {
    /// With ``TranscriptionOptions/sequential``, whether windows are cut into segments at the timestamps that Whisper writes;
    /// without, each window is one segment. Otherwise segments are sentences, whose times come from their words, and this
    /// changes nothing.
    public var timestamps = true
    /// With timestamps, the first segment of a window begins within this many seconds of it, 0 to 30; nil if it may begin anywhere.
    public var maxInitialTimestamp: Double? = 1
    /// With ``TranscriptionOptions/sequential``, whether each window has the text before it as a prompt. Nil: if there are
    /// timestamps. Text that was decoded at a temperature above 0.5 is left out.
    public var conditionOnPreviousText: Bool?
    /// What fills a window that the sound does not.
    public var padding = Padding.silence
    /// What to do with the part of a window that holds no sound. Nil folds it where there are no timestamps and the padding is
    /// silence: what has been measured to lose nothing (docs/notes/default-mode.md). With timestamps it can be folded too: as many words
    /// are right, but one timestamp in eight moves by more than 0.1 s. A window whose language must be detected is never folded.
    public var tail: Tail?
    /// With a folded tail, seconds after the sound that are kept whole, 0 to 30.
    public var tailMargin = 1.0
    /// With a folded tail, every Nth position (20 ms) of the rest is kept, 2 to 1000.
    public var tailStep = 16

    /// The defaults.
    public init() {}

    /// Reads options; those that are missing have their defaults.
    ///
    /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
    public init(from decoder: any Decoder) throws { try decode(from: decoder) }

    /// Writes all options.
    public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }
  }

  /// What fills the 30 s window after the end of the sound; the reference implementations differ.
  public enum Padding: String, Codable, Sendable, CaseIterable {
    /// Silence before the log-mel, as transformers does.
    case silence
    /// Zeros in the normalized log-mel, as openai-whisper does. The loudest moment of the whole file then sets the
    /// scale, so the file is read to its end before the first word comes.
    case zeros
  }

  /// What the network does with the silent end of a window.
  public enum Tail: String, Codable, Sendable, CaseIterable {
    /// Sample every 16th position, weighted accordingly: about as many words right, and several times as fast for short recordings.
    case fold
    /// Look at all of it, as the reference implementations do.
    case exact
  }
}

extension TranscriptionOptions.Windows: OptionGroup {
  static let fields = [
    OptionField<Self>("timestamps", \.timestamps),
    OptionField("maxInitialTimestamp", \.maxInitialTimestamp) {
      unless($0 ?? 0, in: 0...30, "The limit of the first timestamp must be 0 to 30 s, or be left out.")
    },
    OptionField("conditionOnPreviousText", \.conditionOnPreviousText),
    OptionField("padding", \.padding),
    OptionField("tail", \.tail),
    OptionField("tailMargin", \.tailMargin) {
      unless($0, in: 0...30, "The sound kept after the end must be 0 to 30 s, not \($0).")
    },
    OptionField("tailStep", \.tailStep) {
      unless($0, in: 2...1_000, "Of the tail, every Nth position is kept, with N from 2 to 1000, not \($0).")
    },
  ]
}

extension TranscriptionOptions {
  /// What to do by default. Zeros are there to do exactly what a reference does.
  var effectiveTail: Tail {
    windows.tail ?? (!windows.timestamps && windows.padding == .silence ? .fold : .exact)
  }

  var conditionsOnPreviousText: Bool { windows.conditionOnPreviousText ?? (windows.timestamps && sequential) }
}

extension TranscriptionOptions.Padding {
  var windowPadding: WindowPadding { self == .zeros ? .zeros : .silence }
}
