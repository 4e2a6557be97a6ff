// How tokens are chosen.

extension TranscriptionOptions {
  /// How tokens are chosen.
  public struct Decoding: Hashable, Codable, Sendable {
    /// Hypotheses that beam search follows at temperature 0, up to 16; 1 is greedy decoding. Nil is 5; 1 if ``sequential``; 3 in
    /// streams.
    public var beamSize: Int?
    /// Beam search goes on until `patience` times `beamSize` hypotheses have ended; above 0.
    public var patience = 1.0
    /// Samples that are drawn at temperatures above 0, of which the best is taken; up to 16.
    public var bestOf = 5
    /// With several hypotheses, the exponent of ((5 + length) / 6) by which a log-probability is divided, 0 to 1; nil to divide by
    /// the length.
    public var lengthPenalty: Double?
    /// The seed of random numbers: the same seed gives the same text.
    public var seed: UInt64 = 0
    /// Tokens that are never written; -1 stands for all that are not speech (brackets, notes, and the like).
    public var suppressTokens = [-1]
    /// Whether a window never begins with a space, nor is left empty.
    public var suppressBlank = true
    /// Penalty for repeating tokens within a window, by which their logits are divided; 1 is none.
    public var repetitionPenalty = 1.0
    /// Runs of this many tokens are not written twice in a window; 0 allows them.
    public var noRepeatNgramSize = 0

    /// The defaults.
    public init() {}

    /// Reads options; those that are missing have their defaults.
    ///
    /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
    public init(from decoder: any Decoder) throws { try decode(from: decoder) }

    /// Writes all options.
    public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }
  }
}

extension TranscriptionOptions.Decoding: OptionGroup {
  /// Every network can take so many sequences in a step.
  private static let most = 16

  static let fields = [
    OptionField<Self>("beamSize", \.beamSize) {
      unless($0 ?? 1, in: 1...most, "The beam size must be 1 to \(most), not \($0 ?? 1).")
    },
    OptionField("patience", \.patience) {
      $0 > 0 && $0 <= 100 ? nil : "Patience must be above 0 and at most 100, not \($0)."
    },
    OptionField("bestOf", \.bestOf) {
      unless($0, in: 1...most, "The best of 1 to \(most) samples can be taken, not of \($0).")
    },
    OptionField("lengthPenalty", \.lengthPenalty) {
      unless($0 ?? 0, in: 0...1, "The length penalty must be 0 to 1, or be left out.")
    },
    OptionField("seed", \.seed),
    OptionField("suppressTokens", \.suppressTokens),
    OptionField("suppressBlank", \.suppressBlank),
    OptionField("repetitionPenalty", \.repetitionPenalty) {
      unless($0, in: 0.01...100, "The repetition penalty must be 0.01 to 100 (1 is none), not \($0).")
    },
    OptionField("noRepeatNgramSize", \.noRepeatNgramSize) {
      $0 < 0 ? "Runs of \($0) tokens can't be counted; 0 allows all." : nil
    },
  ]
}

extension TranscriptionOptions {
  /// The default beam sizes.
  static let standardBeamSize = 5
  private static let standardStreamingBeamSize = 3

  var effectiveBeamSize: Int { decoding.beamSize ?? (sequential ? 1 : Self.standardBeamSize) }

  /// Beams of every step of a stream. Greedy decoding loses words where the sound breaks off, and its hypotheses agree less often.
  var streamingBeamSize: Int { decoding.beamSize ?? Self.standardStreamingBeamSize }
}
