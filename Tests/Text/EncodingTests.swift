// The ids of texts, against openai-whisper's.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import Testing

@Suite struct EncodingTests {
  @Test(arguments: [51864, 51865, 51866])
  func corpusHasTheIdsOfTheReference(vocabularySize: Int) throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: vocabularySize)
    for line in try Recorded.corpus() {
      let ids = tokenizer.encode(line.text)
      #expect(ids == line.ids(vocabularySize), "\(line.text.debugDescription)")
      #expect(Array(tokenizer.decode(ids).utf8) == Array(line.text.utf8), "\(line.text.debugDescription)")
    }
  }

  @Test(.slow, arguments: [51864, 51865], VocabularyWriter.Form.allCases)
  func everyKindOfFileGivesTheSameIds(vocabularySize: Int, form: VocabularyWriter.Form) throws {
    let bundled = try Tokenizer.bundled(vocabularySize: vocabularySize)
    let folder = try VocabularyWriter(of: bundled).write(form)
    let tokenizer = try Tokenizer.load(from: folder.url, vocabularySize: vocabularySize)
    #expect(tokenizer.specials == bundled.specials)
    #expect(tokenizer.suppressedTokens == bundled.suppressedTokens)
    for line in try Recorded.corpus() {
      #expect(tokenizer.encode(line.text) == line.ids(vocabularySize), "\(line.text.debugDescription)")
    }
    for id in 0..<vocabularySize where tokenizer.bytes(of: id) != bundled.bytes(of: id) {
      Issue.record("token \(id) differs")
    }
  }

  @Test(.slow, arguments: [51864, 51865])
  func everyCodePointHasTheIdsOfTheReference(vocabularySize: Int) throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: vocabularySize)
    let blocks = try #require(
      try Recorded.codePoints().blocks[vocabularySize == 51864 ? "gpt2" : "multilingual"])
    #expect(blocks.count == 0x110000 / 0x400)
    for (number, expected) in blocks.enumerated() {
      var ids: [Int] = []
      for value in UInt32(number) * 0x400..<UInt32(number + 1) * 0x400 {
        guard let s = Unicode.Scalar(value) else { continue }
        let text = "a\(s)a1\(s)1!\(s)! \(s) \(s)\(s) a"
        let encoded = tokenizer.encode(text)
        // Canonically equivalent strings are equal in Swift, so the bytes are compared.
        if Array(text.utf8) != tokenizer.bytes(of: encoded) { Issue.record("U+\(String(value, radix: 16))") }
        ids += encoded
      }
      #expect(Recorded.hash(ids) == expected, "code points from U+\(String(number * 0x400, radix: 16))")
    }
  }

  @Test func everyCodePointHasTheClassOfTheReference() throws {
    var expected = [Character](repeating: "o", count: 0x110000)
    for range in try Recorded.codePoints().classes {
      for value in range.first...range.last { expected[Int(value)] = Character(range.kind) }
    }
    var different: [String] = []
    for value in 0..<0x110000 as Range<UInt32> {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let kind: Character =
        switch ScalarClass(scalar) {
        case .letter: "L"
        case .number: "N"
        case .whitespace: "s"
        case .other: "o"
        }
      if kind != expected[Int(value)] { different.append("\(String(value, radix: 16)) \(kind)") }
    }
    #expect(different.isEmpty)
  }

  @Test(.slow, arguments: ["gpt2", "multilingual"])
  func aMillionLettersWithoutASpace(vocabulary: String) throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: vocabulary == "gpt2" ? 51864 : 51865)
    var state = 1
    var letters: [UInt8] = []
    for _ in 0..<1_000_000 {
      state = (state * 1_103_515_245 + 12345) % (1 << 31)
      letters.append(97 + UInt8((state >> 16) % 26))
    }
    let expected = try #require(try Recorded.longRuns()[vocabulary])
    let ids = tokenizer.encode(String(decoding: letters, as: UTF8.self))
    #expect(ids.count == expected.count)
    #expect(Recorded.hash(ids) == expected.hash)
  }

  @Test(.slow) func longRunsOfOneKindKeepTheirBytes() throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51865)
    for unit in ["a", " ", "\n", "=", "7", "é", "字", "😀", "'"] {
      let text = String(repeating: unit, count: 100_000)
      #expect(tokenizer.bytes(of: tokenizer.encode(text)) == Array(text.utf8))
    }
  }
}
