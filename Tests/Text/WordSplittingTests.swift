// Tokens to words, against openai-whisper's.

import SwiftletText
import Testing

@Suite struct WordSplittingTests {
  @Test func wordsAreThoseOfTheReference() throws {
    let cases = try Recorded.wordSplittings()
    #expect(Set(cases.map(\.language)) == ["en", "ja", "yue"])
    var tokenizers: [Int: Tokenizer] = [:]
    for one in cases {
      let tokenizer = try tokenizers[one.size] ?? Tokenizer.bundled(vocabularySize: one.size)
      tokenizers[one.size] = tokenizer
      let words = tokenizer.words(of: one.ids, language: try Language(one.language))
      #expect(words.map { Array($0.text.utf8) } == one.words.map { Array($0.utf8) }, "\(one.ids)")
      #expect(words.map(\.tokens.count) == one.counts, "\(one.ids)")
    }
  }

  @Test(arguments: ["en", "ja"]) func everyTokenIsInAWord(code: String) throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51865)
    let whole = tokenizer.encode(" One 𓀀 two, 寝られた")
    for start in whole.indices {
      for end in start..<whole.count {
        let tokens = Array(whole[start...end])
        #expect(tokenizer.words(of: tokens, language: try Language(code)).flatMap(\.tokens) == tokens)
      }
    }
    #expect(tokenizer.words(of: [], language: .english).isEmpty)
  }

  @Test func japaneseIsCutIntoCharacters() throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51865)
    let tokens = tokenizer.encode("昨夜はよく眠れましたか?")
    let words = tokenizer.words(of: tokens, language: try Language("ja"))
    #expect(words.map(\.text).joined() == "昨夜はよく眠れましたか?")
    #expect(words.count > 5 && words.allSatisfy { !$0.text.contains("\u{FFFD}") })
    #expect(tokenizer.words(of: tokens, language: .english).map(\.text) == ["昨夜はよく眠れましたか", "?"])
  }

  @Test func scalarsAreFoundInsideCharacters() {
    #expect("e\u{301}!".containsScalars(of: "\u{301}!"))
    #expect(".。".containsScalars(of: "") && "".containsScalars(of: ""))
    #expect(!".".containsScalars(of: "..") && !"é".containsScalars(of: "e\u{301}"))
    #expect("\u{3000} a b \n".trimmingWhitespace == "a b" && " \t".trimmingWhitespace == "")
  }
}
