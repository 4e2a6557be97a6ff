// Text to tokens and back.

/// Whisper's tokenizer: a byte-level BPE with special tokens above the ordinary ones.
///
/// It gives the same ids as openai-whisper's (tiktoken) and transformers' for the same vocabulary, whichever
/// kind of file the vocabulary came from.
package struct Tokenizer: Sendable {
  /// The special tokens and timestamps.
  package let specials: SpecialTokens
  /// The number of ids that the model has a logit for.
  package let vocabularySize: Int
  /// What openai-whisper calls `non_speech_tokens`: brackets, notes of music, quotes and the like, ascending.
  package let nonSpeechTokens: [Int]
  /// What is never written: the above and the special tokens that only belong in prompts, ascending.
  package let suppressedTokens: [Int]
  /// What is not written first: a space, and the end.
  package let blankTokens: [Int]

  let table: TokenTable

  /// Whether the model knows languages other than English, by its number of ids as in openai-whisper.
  package var isMultilingual: Bool { vocabularySize >= 51865 }

  init(_ contents: VocabularyContents, vocabularySize: Int, file: String) throws(TokenizerError) {
    guard contents.specials.vocabularySize <= vocabularySize else {
      throw .vocabularySizeMismatch(
        file: file, tokens: contents.specials.vocabularySize, model: vocabularySize)
    }
    table = contents.table
    specials = contents.specials
    self.vocabularySize = vocabularySize
    let suppression = Suppression(table: contents.table, specials: contents.specials)
    nonSpeechTokens = suppression.nonSpeech
    suppressedTokens = suppression.suppressed
    blankTokens = suppression.blank
  }

  /// The ids of `text`, all below `specials.endOfText`. What looks like a special token is taken as plain
  /// text.
  ///
  /// Time is in proportion to the length, with a logarithm for long runs of letters.
  package func encode(_ text: String) -> [Int] { Self.encode(text, with: table) }

  static func encode(_ text: String, with table: TokenTable) -> [Int] {
    let bytes = Array(text.utf8)
    var encoder = BytePairEncoder(table: table)
    var tokens: [Int] = []
    for piece in PreTokenizer(text) { encoder.encode(bytes, piece, into: &tokens) }
    return tokens
  }

  /// The text of `tokens`, without special tokens, timestamps and ids that the vocabulary does not have.
  ///
  /// Bytes that are not UTF-8 become U+FFFD, one for each maximal part of a character, as in Python's
  /// `decode("utf-8", errors="replace")`.
  package func decode(_ tokens: some Sequence<Int>) -> String {
    String(decoding: bytes(of: tokens), as: UTF8.self)
  }

  /// The UTF-8 of `tokens` one after the other; a character may be cut at either end. Special tokens have
  /// none.
  package func bytes(of tokens: some Sequence<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    for token in tokens { bytes.append(contentsOf: self.bytes(of: token)) }
    return bytes
  }

  /// The bytes of one token, possibly a part of a character; none for special tokens and unknown ids.
  package func bytes(of token: Int) -> ArraySlice<UInt8> {
    token >= 0 && token < specials.endOfText ? table[token] : []
  }

  /// The tokens with which a transcript begins.
  ///
  /// English-only models get `<|startoftranscript|>` alone, others the language and the task after it; both
  /// get `<|notimestamps|>` unless `timestamps`.
  ///
  /// - Throws: `languageNeeded`, `languageNotInModel`; `englishOnly` and `cannotTranslate` for English-only
  ///   models.
  package func startSequence(
    language: Language?, task: SpeechTask = .transcribe, timestamps: Bool
  ) throws(TokenizerError) -> [Int] {
    var sequence = [specials.startOfTranscript]
    if isMultilingual {
      guard let language else { throw .languageNeeded }
      guard let token = specials[language] else { throw .languageNotInModel(language.code) }
      sequence.append(token)
      sequence.append(task == .translate ? specials.translate : specials.transcribe)
    } else {
      guard task == .transcribe else { throw .cannotTranslate }
      guard language == nil || language == .english else {
        throw .englishOnly(language: language?.name ?? "")
      }
    }
    if !timestamps { sequence.append(specials.noTimestamps) }
    return sequence
  }
}
