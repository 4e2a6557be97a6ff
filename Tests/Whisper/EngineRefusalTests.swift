// Engines that are not what they should be: each is refused with a sentence that says what to do.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import Testing

@testable import SwiftletWhisper

@Suite struct EngineRefusalTests {
  private let engine: EngineFixture

  init() throws { engine = try EngineFixture(encoder: .int8, decoder: .bf16) }

  private func path(_ name: String) -> String { engine.url(name).path(percentEncoded: false) }
  private var folder: String { engine.folder.path(percentEncoded: false) }

  private func expectRefusal(
    _ expected: EngineError, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: expected, sourceLocation: sourceLocation) { try engine.load() }
    #expect(expected.description.contains("Build it again."), sourceLocation: sourceLocation)
  }

  /// Loading must fail because a file is damaged, with `reason` in the sentence.
  private func expectDamage(
    _ name: String, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: EngineError.self, sourceLocation: sourceLocation) { try engine.load() }
    guard case .damaged(path(name), let found) = error else {
      Issue.record("\(String(describing: error))", sourceLocation: sourceLocation)
      return
    }
    #expect(found.contains(reason), "\(found)", sourceLocation: sourceLocation)
  }

  private func edit(_ name: String, _ change: (inout Data) throws -> Void) throws {
    var content = try Data(contentsOf: engine.url(name))
    try change(&content)
    try content.write(to: engine.url(name))
  }

  /// Replaces text in a file, byte for byte if it is an engine.
  private func replace(_ old: String, _ new: String, in name: String) throws {
    try edit(name) { content in
      let range = try #require(content.range(of: Data(old.utf8)), "\(old)")
      content.replaceSubrange(range, with: Data(new.utf8))
    }
  }

  /// Changes `engine.json` through its description.
  private func describe(_ change: (inout EngineDescription) -> Void) throws {
    // Decoded by hand: what stands there may be what the reader refuses.
    let content = try Data(contentsOf: engine.url(EngineFormat.description))
    var description = try JSONDecoder().decode(EngineDescription.self, from: content)
    change(&description)
    try JSONEncoder().encode(description).write(to: engine.url(EngineFormat.description))
  }

  @Test func aSoundEngineIsLoadedAndVerified() throws {
    let model = try engine.load()
    #expect(model.encoder.precision == .int8 && model.decoder.precision == .bf16)
    #expect(model.description.model == "fixture")
    #expect(model.description.precisions == "int8/bf16")
    try verifyEngine(in: engine.folder)
  }

  @Test func nothingThere() throws {
    let nowhere = engine.temporary.url.appending(path: "nowhere")
    let expected = EngineError.notAnEngine(
      folder: nowhere.path(percentEncoded: false), missing: EngineFormat.description)
    #expect(throws: expected) { try WhisperModel(engine: nowhere) }
    #expect(throws: expected) { try verifyEngine(in: nowhere) }
    // A file where the folder should be.
    try Data([1]).write(to: nowhere)
    #expect(throws: expected) { try WhisperModel(engine: nowhere) }
  }

  @Test(arguments: ["engine.json", "encoder.safetensors", "decoder.safetensors"])
  func aFileIsMissing(_ name: String) throws {
    try FileManager.default.removeItem(at: engine.url(name))
    expectRefusal(.notAnEngine(folder: folder, missing: name))
    #expect(throws: (any Error).self) { try verifyEngine(in: engine.folder) }
  }

  @Test func otherVersionsAndPackings() throws {
    try describe { $0.version = "9" }
    expectRefusal(.wrongVersion(file: path("engine.json"), found: "9", expected: "2"))
    try describe {
      $0.version = "2"; $0.packing = "panels-of-32"
    }
    expectRefusal(
      .wrongPacking(file: path("engine.json"), found: "panels-of-32", expected: "panels-of-64"))
    try describe { $0.packing = "panels-of-64" }
    _ = try engine.load()

    let version = #""swiftlet.version":"2""#
    try replace(version, #""swiftlet.version":"9""#, in: "decoder.safetensors")
    expectRefusal(.wrongVersion(file: path("decoder.safetensors"), found: "9", expected: "2"))
    try replace(#""swiftlet.version":"9""#, #""swiftlet.versiom":"2""#, in: "decoder.safetensors")
    expectRefusal(.wrongVersion(file: path("decoder.safetensors"), found: "none", expected: "2"))
    try replace(#""swiftlet.versiom":"2""#, version, in: "decoder.safetensors")
    try replace("panels-of-64", "panels-of-65", in: "encoder.safetensors")
    expectRefusal(
      .wrongPacking(file: path("encoder.safetensors"), found: "panels-of-65", expected: "panels-of-64"))
  }

  /// A version that says other things than this one is told by its version, not by what it lacks.
  @Test func aVersionOfTheFutureIsTold() throws {
    try Data(#"{"version":"7","parts":[]}"#.utf8).write(to: engine.url("engine.json"))
    expectRefusal(.wrongVersion(file: path("engine.json"), found: "7", expected: "2"))
  }

  @Test(arguments: [
    "", "{", "[]", "7", "null", #"{"version":1}"#, "\u{0}\u{1}", #"{"version":"1""#,
    String(repeating: "[", count: 100_000),
  ])
  func garbageInPlaceOfTheDescription(_ text: String) throws {
    try Data(text.utf8).write(to: engine.url("engine.json"))
    expectDamage("engine.json", "it is not the JSON description of an engine")
  }

  @Test func anIncompleteDescription() throws {
    try Data("{}".utf8).write(to: engine.url("engine.json"))
    expectRefusal(.wrongVersion(file: path("engine.json"), found: "none", expected: "2"))
    try Data(#"{"version":"2","packing":"panels-of-64"}"#.utf8).write(to: engine.url("engine.json"))
    expectDamage("engine.json", "part of its description is missing")
    try describeText { $0.replacing("\"int8\"", with: "\"int4\"") }
    expectDamage("engine.json", "part of its description is missing")
  }

  /// Writes what `change` makes of a sound description's text.
  private func describeText(_ change: (String) -> String) throws {
    let sound = try EngineFixture(encoder: .int8, decoder: .bf16)
    let text = try String(contentsOf: sound.url("engine.json"), encoding: .utf8)
    try Data(change(text).utf8).write(to: engine.url("engine.json"))
  }

  @Test(arguments: ["encoder.safetensors", "decoder.safetensors"]) func cutShortOrGrown(_ name: String) throws
  {
    let original = try Data(contentsOf: engine.url(name))
    for count in [0, 1, 7, 8, 9, 100, original.count / 2, original.count - 1] {
      try original.prefix(count).write(to: engine.url(name))
      let error = #expect(throws: EngineError.self) { try engine.load() }
      #expect(error?.description.contains(name) == true, "\(count) bytes")
    }
    try (original + [0]).write(to: engine.url(name))
    expectDamage(name, "1 bytes follow the last tensor")
    try original.write(to: engine.url(name))
    _ = try engine.load()
    // Another engine's file, sound but of another size than this one's description says.
    try describe { $0.files[name]?.bytes += 64 }
    expectRefusal(.wrongSize(file: path(name), found: original.count, expected: original.count + 64))
    try describe { $0.files[name] = nil }
    expectRefusal(.wrongSize(file: path(name), found: original.count, expected: 0))
  }

  @Test func damagedHeaders() throws {
    let original = try Data(contentsOf: engine.url("encoder.safetensors"))
    for (old, new, reason) in [
      (#""I8""#, #""U8""#, "is U8"),
      (#""I8""#, #""Q8""#, "Q8"),
      ("encoder.layers.0.self_attn.qkv.weight", "encoder.layers.0.self_attn.qkv.weighs", "is missing"),
      ("encoder.embed_positions.weight", "encoder.embed_positions.weighs", "is missing"),
      (#""shape":[50,72]"#, #""shape":[72,50]"#, "[72, 50]"),
      (#""shape":[50,72]"#, #""shape":[5,720]"#, "[5, 720]"),
      (#""swiftlet.part":"encoder""#, #""swiftlet.part":"decoder""#, "swiftlet.part"),
      (#""swiftlet.precision":"int8""#, #""swiftlet.precision":"bf16""#, "swiftlet.precision"),
      (#""swiftlet.checkpoint.sha256":""#, #""swiftlet.checkpoint.sha257":""#, "swiftlet.checkpoint"),
      ("{", "[", "JSON"),
    ] {
      try replace(old, new, in: "encoder.safetensors")
      do {
        _ = try engine.load()
        Issue.record("\(new) was accepted")
      } catch {
        #expect("\(error)".contains(reason), "\(error)")
        #expect("\(error)".contains("encoder.safetensors"), "\(error)")
      }
      try original.write(to: engine.url("encoder.safetensors"))
    }
  }

  /// A sound safetensors file, with the padding before a tensor in place of after it.
  @Test func aTensorOffTheBoundary() throws {
    let name = "encoder.safetensors"
    let start = 8 + (try headerLength(name))
    let norm = try #require(try SafetensorsFile(engine.url(name)).entry("encoder.layer_norm.bias"))
    let first = norm.bytes.lowerBound - start
    try #require(norm.bytes.count == 288)
    try edit(name) { content in
      var header = String(decoding: content[8..<start], as: UTF8.self)
      header.replace("[\(first),\(first + 288)]", with: "[\(first + 32),\(first + 320)]")
      header.replace("[\(first + 288),\(first + 320)]", with: "[\(first),\(first + 32)]")
      let text = header.trimmingCharacters(in: .whitespaces)
      try #require(text.utf8.count <= start - 8)
      content.replaceSubrange(
        8..<start, with: Data(text.utf8) + Data(repeating: 0x20, count: start - 8 - text.utf8.count))
    }
    expectDamage(name, "tensor encoder.layer_norm.bias is not aligned to 64 bytes")
  }

  private func headerLength(_ name: String) throws -> Int {
    try Data(contentsOf: engine.url(name)).prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  @Test func partsOfOtherEngines() throws {
    let other = try EngineFixture(.fp16)
    for name in ["encoder.safetensors", "decoder.safetensors"] {
      let original = try Data(contentsOf: engine.url(name))
      try Data(contentsOf: other.url(name)).write(to: engine.url(name))
      expectDamage(name, "swiftlet.precision is fp16")
      try original.write(to: engine.url(name))
    }
    try Data(contentsOf: engine.url("encoder.safetensors")).write(to: engine.url("decoder.safetensors"))
    expectDamage("decoder.safetensors", "swiftlet.part is encoder")
  }

  @Test func thePrecisionOfTheDescriptionIsWrong() throws {
    try describe { $0.encoderPrecision = .fp32 }
    expectDamage("encoder.safetensors", "swiftlet.precision is int8 but engine.json says fp32")
    try describe {
      $0.encoderPrecision = .int8; $0.checkpoint = "0"
    }
    expectDamage("encoder.safetensors", "swiftlet.checkpoint.sha256 is")
  }

  /// A vocabulary that ends within the same panel, or fewer layers: every tensor fits, and the text would be another.
  @Test func dimensionsThatFitTheTensors() throws {
    let changes: [(inout ModelDimensions) -> Void] = [
      { $0.vocabularySize -= 1 }, { $0.audioLayers = 1 }, { $0.textLayers = 1 },
    ]
    let sound = try readEngineDescription(in: engine.folder).dimensions
    for change in changes {
      try describe {
        $0.dimensions = sound
        change(&$0.dimensions)
      }
      expectDamage("encoder.safetensors", "its dimensions are not those in engine.json")
    }
  }

  @Test func aBitThatFlippedIsFoundByVerifying() throws {
    for name in ["encoder.safetensors", "decoder.safetensors"] {
      let size = try Data(contentsOf: engine.url(name)).count
      for position in [size - 1, size / 2, size / 3] {
        try edit(name) { $0[position] ^= 0x10 }
        _ = try engine.load()  // Loading does not look at the numbers.
        #expect(throws: EngineError.wrongDigest(file: path(name))) { try verifyEngine(in: engine.folder) }
        try edit(name) { $0[position] ^= 0x10 }
      }
    }
    try verifyEngine(in: engine.folder)
    try describe { $0.files["decoder.safetensors"] = nil }
    #expect(throws: EngineError.wrongDigest(file: path("decoder.safetensors"))) {
      try verifyEngine(in: engine.folder)
    }
  }

  /// Numbers that would size memory or divide, one dimension at a time.
  @Test(arguments: [0, -1, 1, 2, 5, 71, 73, 1_000_000, 1_000_001, .max, .min])
  func absurdDimensions(_ value: Int) throws {
    let paths: [WritableKeyPath<ModelDimensions, Int>] = [
      \.melBins, \.audioContext, \.audioWidth, \.audioHeads, \.audioLayers, \.textContext, \.textWidth,
      \.textHeads, \.textLayers, \.vocabularySize,
    ]
    let sound = try readEngineDescription(in: engine.folder).dimensions
    for path in paths {
      try describe { $0.dimensions[keyPath: path] = value }
      if sound[keyPath: path] == value {
        _ = try engine.load()
      } else {
        #expect(throws: EngineError.self, "\(path)") { try engine.load() }
      }
      try describe { $0.dimensions = sound }
    }
  }
}
