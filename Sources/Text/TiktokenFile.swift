// Reads the vocabulary files of openai-whisper.

/// A file in tiktoken's form: one ordinary token a line, its bytes in base64, a space and its rank. Special
/// tokens are not in it; openai-whisper appends them, as many languages as the size of the model leaves room
/// for.
enum TiktokenFile {
  /// Reads the text of such a file for a model with `vocabularySize` ids.
  static func read(
    _ text: some Collection<UInt8>, file: String, vocabularySize: Int
  ) throws(TokenizerError) -> VocabularyContents {
    var table = TokenTable()
    for line in text.split(separator: newline, omittingEmptySubsequences: true) {
      func malformed(_ reason: String) -> TokenizerError {
        .malformedLine(file: file, line: table.count + 1, reason: reason)
      }
      guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { throw malformed("the rank is missing") }
      guard let rank = Int(String(decoding: line[line.index(after: space)...], as: UTF8.self)) else {
        throw malformed("the rank is not a number")
      }
      guard rank == table.count else {
        throw malformed("the rank is \(rank), but ranks count up from 0 and this is \(table.count)")
      }
      guard table.append({ decodeBase64(line[..<space], into: &$0) }) else {
        throw malformed("the token is not base64")
      }
    }
    // Besides the languages: <|endoftext|>, <|startoftranscript|>, six more and the timestamps.
    let languages = vocabularySize - table.count - 8 - SpecialTokens.timestampCount
    guard languages >= 1, languages <= Language.all.count else {
      throw .vocabularySizeMismatch(
        file: file, tokens: table.count + 8 + SpecialTokens.timestampCount + Language.all.count - 1,
        model: vocabularySize)
    }
    return try VocabularyContents(
      table: table, specials: SpecialTokens(endOfText: table.count, languageCount: languages), file: file)
  }

  private static let newline = UInt8(ascii: "\n")

  /// Appends what `text` stands for; false if it is not base64. The single `=` that openai-whisper's file has
  /// for the token without bytes is taken as nothing, as Python does.
  private static func decodeBase64(_ text: some Collection<UInt8>, into bytes: inout [UInt8]) -> Bool {
    var bits: UInt32 = 0
    var count = 0
    for character in text {
      guard character != UInt8(ascii: "=") else { break }
      let value = base64[Int(character)]
      guard value < 64 else { return false }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        bits &= 1 << UInt32(count) - 1
      }
    }
    return count < 6 && bits == 0
  }

  /// The value of each character of base64, 255 for all others.
  private static let base64: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()
}
