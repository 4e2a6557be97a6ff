// The texts of ids, against openai-whisper's.

import SwiftletText
import Testing

@Suite struct DecodingTests {
  @Test func textsAreThoseOfTheReference() throws {
    for size in [51864, 51865, 51866] {
      let tokenizer = try Tokenizer.bundled(vocabularySize: size)
      let cases = try Recorded.decodings().filter { $0.size == size }
      #expect(cases.count == 60)
      for one in cases {
        #expect(Array(tokenizer.decode(one.ids).utf8) == Array(one.text.utf8), "\(one.ids)")
        #expect(
          Array(tokenizer.decodeWithSpecials(one.ids).utf8) == Array(one.withSpecials.utf8), "\(one.ids)")
      }
    }
  }

  @Test func everyTokenDecodesToItsBytes() throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51865)
    for id in 0..<tokenizer.specials.endOfText - 1 {
      let bytes = tokenizer.bytes(of: id)
      #expect(!bytes.isEmpty)
      // A whole word that is a token is encoded as that token.
      guard let text = String(validating: bytes, as: UTF8.self),
        Array(PreTokenizerProbe.pieces(text)) == [text]
      else { continue }
      #expect(tokenizer.encode(text) == [id])
    }
    #expect(tokenizer.bytes(of: 50256).isEmpty, "the multilingual vocabulary has one token without bytes")
  }

  @Test func idsOutsideTheVocabularyHaveNoText() throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51864)
    for id in [-1, Int.min, Int.max, 51864, tokenizer.specials.endOfText, tokenizer.specials.timestampBegin] {
      #expect(tokenizer.bytes(of: id).isEmpty)
      #expect(tokenizer.decode([id]) == "")
    }
    #expect(tokenizer.name(ofSpecial: Int.max) == nil)
    #expect(tokenizer.specials.seconds(of: Int.min) == nil)
  }

  @Test func aCharacterMayBeCutBetweenTokens() throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51865)
    let ids = tokenizer.encode("𓀀")
    #expect(ids.count > 1)
    #expect(tokenizer.decode([ids[0]]) == "\u{FFFD}")
    #expect(tokenizer.bytes(of: ids) == Array("𓀀".utf8))
  }
}

/// Texts that the pattern leaves whole for certain: ASCII letters, with a space before them or not.
private enum PreTokenizerProbe {
  static func pieces(_ text: String) -> [String] {
    let word = text.hasPrefix(" ") ? text.dropFirst() : text[...]
    let isWord = !word.isEmpty && word.utf8.allSatisfy { (65...90).contains($0) || (97...122).contains($0) }
    return isWord ? [text] : []
  }
}
