// The tokens that a decoder should not choose.

/// The lists of tokens to suppress, worked out from the vocabulary as openai-whisper does
/// (`Tokenizer.non_speech_tokens`; `DecodingTask._get_suppress_tokens` and `SuppressBlank` in `decoding.py`).
struct Suppression {
  /// Tokens of what is not spoken, ascending.
  let nonSpeech: [Int]
  /// `nonSpeech` and the special tokens that only belong in prompts, ascending: openai-whisper's `-1`.
  let suppressed: [Int]
  /// What may not come first.
  let blank: [Int]

  init(table: TokenTable, specials: SpecialTokens) {
    func encode(_ text: String) -> [Int] { Tokenizer.encode(text, with: table) }
    // A hyphen and an apostrophe are fine inside a word, not before one.
    var tokens = Set([" -", " '"].compactMap { encode($0).first })
    for text in Self.symbols.flatMap({ [$0, " " + $0] }) {
      let encoded = encode(text)
      if let only = encoded.first, encoded.count == 1 { tokens.insert(only) }
    }
    // These may take several tokens. The first stands for nothing but characters from U+2640 to U+267F.
    for text in Self.music.flatMap({ [$0, " " + $0] }) {
      if let first = encode(text).first { tokens.insert(first) }
    }
    nonSpeech = tokens.sorted()
    let prompts = [
      specials.transcribe, specials.translate, specials.startOfTranscript, specials.startOfPrevious,
      specials.startOfLM, specials.noSpeech,
    ]
    suppressed = tokens.union(prompts).sorted()
    blank = encode(" ") + [specials.endOfText]
  }

  private static let symbols =
    "\"#()*+/:;<=>@[\\]^_`{|}~「」『』".map(String.init)
    + "<< >> <<< >>> -- --- -( -[ (' (\" (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪".split(separator: " ").map(
      String.init)

  private static let music = "♩♪♫♬♭♮♯".map(String.init)
}
