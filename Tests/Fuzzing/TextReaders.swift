// The readers of vocabularies, and what turns text into tokens and into normalized words.

import Foundation
import SwiftletEvaluation
import SwiftletTestSupport
import SwiftletText

extension Reader {
  static let vocabularies = [
    vocabulary("tokenizer-json", as: "tokenizer.json", .huggingFace, .huggingFaceOlder),
    vocabulary("vocabulary-json", as: "vocabulary.json", .convertedList),
    vocabulary("vocabulary-text", as: "vocabulary.txt", .convertedText),
    vocabulary("tiktoken", as: "multilingual.tiktoken", .tiktoken),
    threeFiles, encoding,
  ]

  private static func writer() throws -> VocabularyWriter {
    try VocabularyWriter(small: ["th", " t", "the", " the", "in", "ing"])
  }

  private static func vocabulary(_ name: String, as file: String, _ forms: VocabularyWriter.Form...) -> Reader
  {
    Reader(name: name) {
      try forms.map { try writer().data($0) }
    } prepare: {
      let scratch = try Scratch()
      let size = try writer().vocabularySize
      return { bytes in
        try scratch.write(bytes, as: file)
        try load(scratch, vocabularySize: size)
      }
    }
  }

  private static func load(_ scratch: Scratch, vocabularySize: Int) throws {
    do throws(TokenizerError) {
      let tokenizer = try Tokenizer.load(from: scratch.url, vocabularySize: vocabularySize)
      let tokens = tokenizer.encode("the thing in ♪ \u{0}")
      _ = tokenizer.decodeWithSpecials(tokens + [-1, 300, 1_000, 99_999, .max])
      _ = try? tokenizer.startSequence(language: .english, timestamps: false)
    } catch {
      try expect(error.description.contains(scratch.url.lastPathComponent), "no file is named: \(error)")
    }
  }

  /// `vocab.json`, `merges.txt` and `added_tokens.json` in one input, with separators of records between them.
  private static let threeFiles = Reader(name: "vocab-merges") {
    var writer = try Self.writer()
    // Timestamps need no names, and make three quarters of the input.
    writer.specials.removeAll { $0.contains(".") }
    let files = try [writer.data(.huggingFaceFiles), writer.mergesFile(), writer.addedTokensFile()]
    return [Data(files.joined(separator: [separator]))]
  } prepare: {
    let scratch = try Scratch()
    let size = try writer().vocabularySize
    return { bytes in
      let parts = bytes.split(separator: separator, maxSplits: 2, omittingEmptySubsequences: false)
      for (index, name) in ["vocab.json", "merges.txt", "added_tokens.json"].enumerated() {
        let part =
          index < parts.count ? UnsafeRawBufferPointer(rebasing: parts[index]) : .init(start: nil, count: 0)
        try scratch.write(part, as: name)
      }
      try load(scratch, vocabularySize: size)
    }
  }

  private static let separator: UInt8 = 0x1E

  /// Text that a user gives as a prompt: tokens stand for exactly these characters.
  private static let encoding = Reader(name: "encoding") {
    [
      "Ask not what your country can do for you.", "I'll   pay\r\n\t 1,234.5 €, 世界 🇩🇪",
      "\u{0}\u{301}e\u{301}'S \u{2028}",
    ]
    .map { Data($0.utf8) }
  } prepare: {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51865)
    return { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      try expect(Array(tokenizer.decode(tokenizer.encode(text)).utf8) == Array(text.utf8), "the text changes")
      // Arbitrary tokens, two bytes each.
      let tokens = stride(from: 0, to: bytes.count - 1, by: 2).map {
        Int(bytes[$0]) << 8 | Int(bytes[$0 + 1])
      }
      _ = tokenizer.decodeWithSpecials(tokens)
      _ = try? Language(text)
    }
  }
}
