// Characters whose bytes are in several tokens, segments or windows.

import SwiftletText
import Testing

@Suite struct WholeCharacterTests {
  private let tokenizer: Tokenizer
  private let said = "寝られた、日本語の字幕。你好世界！👩‍👩‍👧🇯🇵 𓀀 é ไทย"

  init() throws { tokenizer = try Tokenizer.bundled(vocabularySize: 51865) }

  /// A token for each byte, as a model can write any character.
  private var byteTokens: [Int] {
    get throws {
      var tokens: [UInt8: Int] = [:]
      for token in 0..<256 {
        let bytes = tokenizer.bytes(of: token)
        if bytes.count == 1, let byte = bytes.first { tokens[byte] = token }
      }
      return try said.utf8.map { try #require(tokens[$0]) }
    }
  }

  @Test func cutAnywhereTextStaysWhole() throws {
    let time = tokenizer.specials.timestampBegin
    for tokens in [tokenizer.encode(said), try byteTokens] {
      #expect(tokenizer.text(of: tokens) == said)
      for first in tokens.indices {
        for second in first..<min(first + 6, tokens.count) {
          let runs = [tokens[..<first], tokens[first..<second], tokens[second...]]
          // Each segment's timestamps are among its tokens.
          let texts = tokenizer.texts(of: runs.map { [time] + $0 + [time + 50] })
          #expect(texts.count == 3 && texts.joined() == said, "\(first), \(second)")
        }
      }
    }
  }

  /// The character belongs to the segment where it begins.
  @Test func aCharacterIsInOneSegmentAlone() throws {
    let tokens = try byteTokens
    #expect(tokenizer.texts(of: [tokens[..<4], tokens[4..<12]]) == ["寝ら", "れた"])
    #expect(tokenizer.texts(of: [tokens[..<4], tokens[4..<5], tokens[5..<12]]) == ["寝ら", "", "れた"])
  }

  /// At the end of a window, and where what follows is something else.
  @Test func whatNeverBecomesACharacterIsLeftOut() throws {
    let tokens = try byteTokens
    #expect(tokenizer.text(of: tokens[..<4]) == "寝")
    #expect(tokenizer.text(of: tokens[1..<6]) == "ら")
    #expect(tokenizer.text(of: tokens[..<2] + tokenizer.encode("abc")) == "abc")
    #expect(tokenizer.text(of: tokenizer.encode("a\u{FFFD}b")) == "ab")
    #expect(tokenizer.texts(of: [[Int]]()) == [])
    #expect(tokenizer.texts(of: [[], tokens[..<3], []]) == ["", "寝", ""])
    // The reference's rule for bytes that are no character still holds for whoever asks for it.
    #expect(tokenizer.decode(tokens[..<4]) == "寝\u{FFFD}")
  }

  /// A stream commits no half of a character; the other half comes with the next hypothesis.
  @Test func tokensOfWholeCharacters() throws {
    for tokens in [tokenizer.encode(said), try byteTokens] {
      for end in 0...tokens.count {
        let whole = tokenizer.wholeCharacters(of: Array(tokens[..<end]))
        #expect(tokens.starts(with: whole) && whole.count >= end - 3)
        #expect(!tokenizer.decode(whole).contains("\u{FFFD}"))
        let scalars = said.unicodeScalars.prefix(tokenizer.decode(whole).unicodeScalars.count)
        #expect(String(scalars) == tokenizer.decode(whole))
      }
    }
    // Bytes that are no beginning of anything are not waited for.
    let broken = Array(try byteTokens[1..<3])
    #expect(tokenizer.wholeCharacters(of: broken) == broken)
  }
}
