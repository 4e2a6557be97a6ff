// The tokens that steer Whisper, by name.

/// The ids of a vocabulary's special tokens and timestamps.
///
/// They follow the ordinary tokens: end of text, start of transcript, the languages, the tasks, the rest, and
/// 1501 timestamps from 0 to 30 seconds, 0.02 seconds apart.
package struct SpecialTokens: Hashable, Sendable {
  /// `<|endoftext|>`: the transcript is complete. All ids below it are ordinary tokens.
  package let endOfText: Int
  /// `<|startoftranscript|>`: every prompt has it.
  package let startOfTranscript: Int
  /// `<|translate|>`: write English.
  package let translate: Int
  /// `<|transcribe|>`: write the language that is spoken.
  package let transcribe: Int
  /// `<|startoflm|>`: text without sound follows; a remnant of training.
  package let startOfLM: Int
  /// `<|startofprev|>`: what was said before the window follows.
  package let startOfPrevious: Int
  /// `<|nospeech|>` (`<|nocaptions|>` in older vocabularies): nobody speaks.
  package let noSpeech: Int
  /// `<|notimestamps|>`: write text only.
  package let noTimestamps: Int
  /// `<|0.00|>`, the first timestamp.
  package let timestampBegin: Int
  /// The tokens of the languages in the order of `Language.all`, without those that the vocabulary lacks.
  package let languages: [Int]

  /// No vocabulary comes near this many ids; sums of smaller ones cannot overflow.
  private static let idLimit = 1 << 24

  private let languageTokens: [Language: Int]

  /// The number of timestamps, `<|0.00|>` to `<|30.00|>`.
  package static let timestampCount = 1501
  /// Seconds from one timestamp to the next.
  package static let timestampStep = 0.02

  /// The token of `language`, nil if the vocabulary has none.
  package subscript(language: Language) -> Int? { languageTokens[language] }

  /// The language whose token this is, nil if it is none's.
  package func language(of token: Int) -> Language? {
    languageTokens.first { $0.value == token }?.key
  }

  /// The seconds that a timestamp stands for, from the start of its window; nil if `token` is no timestamp.
  package func seconds(of token: Int) -> Double? {
    isTimestamp(token) ? Double(token - timestampBegin) / 50 : nil
  }

  /// Whether `token` is one of the 1501 timestamps.
  package func isTimestamp(_ token: Int) -> Bool {
    token >= timestampBegin && token - timestampBegin < Self.timestampCount
  }

  /// The number of ids that the vocabulary needs: one more than that of `<|30.00|>`.
  package var vocabularySize: Int { timestampBegin + Self.timestampCount }

  /// The ids in a vocabulary whose special tokens stand in openai-whisper's order (`get_encoding`).
  init(endOfText: Int, languageCount: Int) {
    self.endOfText = endOfText
    startOfTranscript = endOfText + 1
    languages = (0..<languageCount).map { endOfText + 2 + $0 }
    languageTokens = Dictionary(uniqueKeysWithValues: zip(Language.all, languages))
    translate = endOfText + 2 + languageCount
    transcribe = translate + 1
    startOfLM = translate + 2
    startOfPrevious = translate + 3
    noSpeech = translate + 4
    noTimestamps = translate + 5
    timestampBegin = translate + 6
  }

  /// The ids that a vocabulary file gives by name.
  ///
  /// Files need not name the timestamps, which then follow `<|notimestamps|>`.
  ///
  /// - Throws: `missingSpecialToken` or `misplacedSpecialToken`.
  init(named ids: [String: Int], file: String) throws(TokenizerError) {
    for (name, id) in ids where id < 0 || id >= Self.idLimit {
      throw .misplacedSpecialToken(file: file, name: name, id: id)
    }
    func id(_ name: String) throws(TokenizerError) -> Int {
      guard let id = ids[name] else { throw .missingSpecialToken(file: file, name: name) }
      return id
    }
    endOfText = try id("<|endoftext|>")
    startOfTranscript = try id("<|startoftranscript|>")
    translate = try id("<|translate|>")
    transcribe = try id("<|transcribe|>")
    startOfLM = try id("<|startoflm|>")
    startOfPrevious = try id("<|startofprev|>")
    noSpeech =
      if let older = ids["<|nocaptions|>"] { older } else { try id("<|nospeech|>") }
    noTimestamps = try id("<|notimestamps|>")
    timestampBegin = ids["<|0.00|>"] ?? noTimestamps + 1
    let found = Language.all.compactMap { language in
      (ids["<|\(language.code)|>"] ?? Self.olderName(of: language).flatMap { ids[$0] }).map { (language, $0) }
    }
    languages = found.map(\.1)
    languageTokens = Dictionary(uniqueKeysWithValues: found)
    guard !found.isEmpty else { throw .missingSpecialToken(file: file, name: "<|en|>") }

    // Decoding relies on this order: text, then what steers, then timestamps to the end.
    let steering = [
      startOfTranscript, translate, transcribe, startOfLM, startOfPrevious, noSpeech, noTimestamps,
    ]
    for id in steering + languages where id <= endOfText || id >= timestampBegin {
      throw .misplacedSpecialToken(file: file, name: Self.name(of: id, in: ids), id: id)
    }
    guard Set(steering + languages).count == steering.count + languages.count else {
      throw .misplacedSpecialToken(file: file, name: "<|startoftranscript|>", id: startOfTranscript)
    }
    for (name, id) in ids {
      guard let hundredths = Self.hundredths(of: name), hundredths <= 3000 else { continue }
      guard hundredths % 2 == 0, id == timestampBegin + hundredths / 2 else {
        throw .misplacedSpecialToken(file: file, name: name, id: id)
      }
    }
  }

  /// Hugging Face's English-only vocabularies have the code that Hebrew had before 1989.
  private static func olderName(of language: Language) -> String? {
    language.code == "he" ? "<|iw|>" : nil
  }

  private static func name(of id: Int, in ids: [String: Int]) -> String {
    ids.filter { $0.value == id }.keys.min() ?? ""
  }

  /// The names of all special tokens, as openai-whisper writes them.
  package func names() -> [Int: String] {
    var names = [
      endOfText: "<|endoftext|>", startOfTranscript: "<|startoftranscript|>", translate: "<|translate|>",
      transcribe: "<|transcribe|>", startOfLM: "<|startoflm|>", startOfPrevious: "<|startofprev|>",
      noSpeech: "<|nospeech|>", noTimestamps: "<|notimestamps|>",
    ]
    for (language, token) in languageTokens { names[token] = "<|\(language.code)|>" }
    return names
  }

  /// How a timestamp is written, `<|12.34|>`; nil if `token` is none.
  package func timestampName(of token: Int) -> String? {
    guard isTimestamp(token) else { return nil }
    let hundredths = 2 * (token - timestampBegin)
    let fraction = hundredths % 100
    return "<|\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)|>"
  }

  /// The time that the name of a timestamp gives, nil for any other name.
  private static func hundredths(of name: String) -> Int? {
    guard name.hasPrefix("<|"), name.hasSuffix("|>"), name.count <= 9 else { return nil }
    let digits = name.dropFirst(2).dropLast(2).split(separator: ".", omittingEmptySubsequences: false)
    guard digits.count == 2, digits[1].count == 2, let whole = Int(digits[0]), let rest = Int(digits[1]),
      whole >= 0, rest >= 0
    else { return nil }
    return whole * 100 + rest
  }
}
