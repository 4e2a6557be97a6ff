// Vocabulary files that are wrong, cut or spoilt: a clear error, never a crash.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import Testing

@Suite struct DamagedVocabularyTests {
  private let writer: VocabularyWriter

  init() throws { writer = try VocabularyWriter(small: ["th", " t", "the", " the", "in", "ing"]) }

  private func load(_ form: VocabularyWriter.Form, _ data: Data, size: Int? = nil) throws -> Tokenizer {
    let folder = try writer.write(form, data)
    return try Tokenizer.load(from: folder.url, vocabularySize: size ?? writer.vocabularySize)
  }

  @Test(arguments: VocabularyWriter.Form.allCases)
  func aSmallVocabularyIsRead(form: VocabularyWriter.Form) throws {
    let tokenizer = try load(form, writer.data(form))
    #expect(tokenizer.encode("the thing") == [258, 32, 256, 261])
    #expect(tokenizer.specials.endOfText == 262)
  }

  @Test(arguments: VocabularyWriter.Form.allCases)
  func cutFilesAreRefused(form: VocabularyWriter.Form) throws {
    let data = try writer.data(form)
    var generator = SeededGenerator(seed: 5)
    var lengths = (0..<60).map { _ in Int.random(in: 0..<data.count - 2, using: &generator) }
    lengths += [0, 1, 2, data.count / 2]
    for length in lengths {
      let error = try #require(throws: TokenizerError.self, "\(length) of \(data.count)") {
        try load(form, data.prefix(length))
      }
      #expect(error.description.contains("swiftlet-tests-"), "the file is named")
    }
  }

  @Test(.slow, arguments: VocabularyWriter.Form.allCases)
  func mutatedFilesDoNotCrash(form: VocabularyWriter.Form) throws {
    let data = try writer.data(form)
    var generator = SeededGenerator(seed: 6)
    var refused = 0
    // More by hand: SWIFTLET_FUZZ_ROUNDS=20000.
    let rounds = ProcessInfo.processInfo.environment["SWIFTLET_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 150
    for _ in 0..<rounds {
      var mutated = data
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let place = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: mutated[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: mutated.insert(contentsOf: [0x39, 0x39, 0x39, 0x39, 0x39, 0x39, 0x39], at: place)
        case 2: mutated.removeSubrange(place..<min(mutated.count, place + 5))
        default: mutated.swapAt(place, Int.random(in: 0..<mutated.count, using: &generator))
        }
      }
      do {
        let tokenizer = try load(form, mutated)
        _ = tokenizer.decodeWithSpecials(tokenizer.encode("the thing in ♪ \u{0}") + [-1, 300, 99_999])
      } catch is TokenizerError {
        refused += 1
      }
    }
    #expect(refused > 0)
  }

  @Test func aModelOfAnotherSizeIsRefused() throws {
    for form in VocabularyWriter.Form.allCases {
      for size in [0, -1, Int.min, 1, writer.vocabularySize - 200] {
        #expect(throws: TokenizerError.self) { try load(form, writer.data(form), size: size) }
      }
    }
    #expect(throws: TokenizerError.unknownVocabularySize(1000)) {
      try Tokenizer.bundled(vocabularySize: 1000)
    }
  }

  @Test func duplicateTokensAreRefused() throws {
    var spoilt = writer
    spoilt.tokens[257] = spoilt.tokens[256]
    let data = try spoilt.data(.convertedText)
    let error = try #require(throws: TokenizerError.self) { try load(.convertedText, data) }
    guard case .duplicateToken(_, 256, 257) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func missingBytesAreRefused() throws {
    var spoilt = writer
    spoilt.tokens[65] = Array("AA".utf8)
    let data = try spoilt.data(.tiktoken)
    let error = try #require(throws: TokenizerError.self) { try load(.tiktoken, data) }
    guard case .missingByte(_, 65) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func missingSpecialTokensAreNamed() throws {
    for name in ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>", "<|nospeech|>"] {
      var spoilt = writer
      let place = try #require(spoilt.specials.firstIndex(of: name))
      spoilt.specials[place] = "<|other|>"
      let data = try spoilt.data(.convertedList)
      let error = try #require(throws: TokenizerError.self) { try load(.convertedList, data) }
      #expect(error.description.contains(name))
    }
  }

  @Test func timestampsOutOfOrderAreRefused() throws {
    var spoilt = writer
    spoilt.specials.swapAt(spoilt.specials.count - 1, spoilt.specials.count - 2)
    let data = try spoilt.data(.huggingFace)
    #expect(throws: TokenizerError.self) { try load(.huggingFace, data) }
  }

  @Test func mergesOutOfOrderAreRefused() throws {
    let text = String(decoding: try writer.data(.huggingFaceOlder), as: UTF8.self)
    let spoilt = text.replacing(#""i n""#, with: #""t h""#)
    #expect(spoilt != text)
    let error = try #require(throws: TokenizerError.self) {
      try load(.huggingFaceOlder, Data(spoilt.utf8))
    }
    guard case .mergesOutOfOrder = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func aFolderInPlaceOfTheFileIsAnError() throws {
    let folder = TestFolder()
    try FileManager.default.createDirectory(
      at: folder.url("tokenizer.json"), withIntermediateDirectories: true)
    let error = try #require(throws: TokenizerError.self) {
      try Tokenizer.load(from: folder.url, vocabularySize: 51865)
    }
    guard case .unreadable = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func aFolderWithoutVocabularyGetsTheBundledOne() throws {
    let folder = TestFolder()
    #expect(try Tokenizer.load(from: folder.url, vocabularySize: 51864).encode(" hello") == [23748])
    #expect(throws: TokenizerError.unknownVocabularySize(7)) {
      try Tokenizer.load(from: folder.url, vocabularySize: 7)
    }
  }

  @Test func escapesInJSONAreUnderstood() throws {
    let text = String(decoding: try writer.data(.convertedList), as: UTF8.self)
    let escaped = text.replacing("Ġ", with: #"\u0120"#).replacing("the", with: #"\u0074\u0068e"#)
    #expect(escaped != text)
    #expect(try load(.convertedList, Data(escaped.utf8)).encode("the thing") == [258, 32, 256, 261])
  }

  @Test(arguments: [
    ("[", "nothing"), ("[]x", "text after the end"), ("[\"a\",]", "a comma at the end"),
    ("[\"a\" \"b\"]", "no comma"),
    (#"["\ud83d"]"#, "half a surrogate pair"), (#"["\ud83d\u0041"]"#, "a surrogate without its pair"),
    (#"["\x"]"#, "an unknown escape"), (#"["\u12"]"#, "a short escape"), ("[1]", "a number"),
    ("{}", "an object"),
  ])
  func malformedListsAreRefused(json: String, what: String) throws {
    let error = try #require(throws: TokenizerError.self) { try load(.convertedList, Data(json.utf8)) }
    guard case .malformedJSON = error else {
      Issue.record("\(what): \(error)")
      return
    }
  }

  @Test func deepNestingIsRefused() throws {
    for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
      let deep = String(repeating: open, count: 200_000) + "1" + String(repeating: close, count: 200_000)
      let error = try #require(throws: TokenizerError.self) {
        try load(.huggingFace, Data(#"{"version": \#(deep)}"#.utf8))
      }
      #expect(error.description.contains("nesting deeper"))
    }
  }

  @Test func otherKindsOfTokenizerAreRefusedByName() throws {
    let text = String(decoding: try writer.data(.huggingFace), as: UTF8.self)
    let other = text.replacing(#""BPE""#, with: #""Unigram""#)
    #expect(other != text)
    let error = try #require(throws: TokenizerError.self) { try load(.huggingFace, Data(other.utf8)) }
    guard case .unsupportedTokenizer(_, "Unigram") = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func anIdThatIsTooLargeIsRefused() throws {
    let text = String(decoding: try writer.data(.huggingFace), as: UTF8.self)
    for id in ["9223372036854775807", "-1", "1000000"] {
      for place in [#""the":258"#, #""id":262"#] {
        let name = place.split(separator: ":")[0]
        let spoilt = text.replacing(place, with: "\(name):\(id)")
        #expect(spoilt != text)
        #expect(throws: TokenizerError.self) { try load(.huggingFace, Data(spoilt.utf8)) }
      }
    }
  }

  @Test(arguments: ["merges.txt", "added_tokens.json"])
  func filesThatBelongTogetherAreAllNeeded(name: String) throws {
    let folder = try writer.write(.huggingFaceFiles)
    let companion = folder.url(name)
    for spoilt in ["x", "{", nil] {
      try FileManager.default.removeItem(at: companion)
      if let spoilt { try spoilt.write(to: companion, atomically: true, encoding: .utf8) }
      let error = try #require(throws: TokenizerError.self) {
        try Tokenizer.load(from: folder.url, vocabularySize: writer.vocabularySize)
      }
      #expect(error.description.contains(name))
    }
  }

  @Test func aFileThatIsFarTooLargeIsNotRead() throws {
    let folder = try writer.write(.convertedText, Data())
    // Sparse: it takes no room on the disk.
    let handle = try FileHandle(forWritingTo: folder.url("vocabulary.txt"))
    try handle.truncate(atOffset: 1 << 40)
    try handle.close()
    let error = try #require(throws: TokenizerError.self) {
      try Tokenizer.load(from: folder.url, vocabularySize: writer.vocabularySize)
    }
    guard case .tooLarge(_, 1 << 40, _) = error else {
      Issue.record("\(error)")
      return
    }
  }
}
