// Building: whole or not at all, what stands in the way, and what an engine holds.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite struct EngineBuildTests {
  private struct Stop: Error, Equatable { var at: Int }

  private let temporary: TestFolder
  private let target: URL

  init() throws {
    temporary = TestFolder()
    target = temporary.url.appending(path: "engine")
  }

  @Test(arguments: Precision.allCases) func progressTellsAllBytes(_ precision: Precision) throws {
    var calls: [(done: Int, total: Int)] = []
    try EngineFixture.builder(encoder: precision, decoder: precision).build(into: target) {
      calls.append(($0, $1))
    }
    #expect(calls.count > 20)
    #expect(zip(calls, calls.dropFirst()).allSatisfy { $0.done <= $1.done && $0.total == $1.total })
    #expect(calls.last.map { $0.done == $0.total } == true)
    #expect(try temporary.names == ["engine"])
    let names = try FileManager.default.contentsOfDirectory(atPath: target.path()).sorted()
    #expect(names == ["decoder.safetensors", "encoder.safetensors", "engine.json"])
  }

  /// Stopped at every point in turn: nothing is left, and an engine that was there is as it was.
  @Test func aStoppedBuildLeavesNothingBehind() throws {
    let builder = try EngineFixture.builder(encoder: .int8, decoder: .fp16)
    var calls = 0
    let counted = temporary.url.appending(path: "counted")
    try builder.build(into: counted) { _, _ in calls += 1 }
    try FileManager.default.removeItem(at: counted)
    func stop(at call: Int) {
      var seen = 0
      #expect(throws: Stop(at: call)) {
        try builder.build(into: target) { _, _ in
          seen += 1
          if seen == call { throw Stop(at: call) }
        }
      }
    }
    for call in [1, 2, 3, calls / 2, calls - 1, calls] {
      stop(at: call)
      #expect(try temporary.names == [], "stopped at \(call) of \(calls)")
    }
    try EngineFixture.builder(encoder: .bf16).build(into: target)
    let before = try Data(contentsOf: target.appending(path: "engine.json"))
    for call in [1, calls] {
      stop(at: call)
      #expect(try temporary.names == ["engine"])
      #expect(try Data(contentsOf: target.appending(path: "engine.json")) == before)
      try verifyEngine(in: target)
    }
  }

  @Test func anEngineIsReplacedAndAMappedOneStaysWhole() throws {
    let reference = try Reference()
    let context = try ComputeContext(threads: 1)
    try EngineFixture.builder(encoder: .bf16).build(into: target)
    let old = try WhisperModel(engine: target)
    try EngineFixture.builder(encoder: .fp32).build(into: target)
    #expect(try temporary.names == ["engine"])
    #expect(try WhisperModel(engine: target).encoder.precision == .fp32)
    let run = try DecoderRun(old, reference.input("encoded"), context)
    try reference.expect(run.consume(reference.tokens()).logits, are: "logits")
  }

  @Test func whatIsNoEngineIsLeftAlone() throws {
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    let precious = target.appending(path: "precious.txt")
    try Data("mine".utf8).write(to: precious)
    let builder = try EngineFixture.builder()
    let path = target.path(percentEncoded: false)
    let error = #expect(throws: EngineError.occupied(folder: path)) { try builder.build(into: target) }
    #expect(error?.description.contains("another folder") == true)
    #expect(try Data(contentsOf: precious) == Data("mine".utf8))
    #expect(try temporary.names == ["engine"])

    // A file in the way, and an empty folder.
    try FileManager.default.removeItem(at: target)
    try Data("mine".utf8).write(to: target)
    #expect(throws: EngineError.occupied(folder: path)) { try builder.build(into: target) }
    #expect(try Data(contentsOf: target) == Data("mine".utf8))
    try FileManager.default.removeItem(at: target)
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    try builder.build(into: target)
    try verifyEngine(in: target)
  }

  @Test func aFolderThatCanNotBeMade() throws {
    let blocked = temporary.url.appending(path: "file")
    try Data([1]).write(to: blocked)
    let inside = blocked.appending(path: "engine")
    let builder = try EngineFixture.builder()
    let error = #expect(throws: EngineError.self) { try builder.build(into: inside) }
    guard case .notWritten(inside.path(percentEncoded: false), _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  /// Folders above that do not exist are made.
  @Test func parentsAreMade() throws {
    let deep = temporary.url.appending(path: "a/b/c")
    try EngineFixture.builder().build(into: deep)
    try verifyEngine(in: deep)
  }

  @Test func companionsAreCopied() throws {
    let tokenizer = temporary.url.appending(path: "tokenizer.json")
    try Data("words".utf8).write(to: tokenizer)
    try EngineFixture.builder().build(into: target, companions: [tokenizer])
    #expect(try Data(contentsOf: target.appending(path: "tokenizer.json")) == Data("words".utf8))
    let missing = temporary.url.appending(path: "missing.json")
    #expect(throws: (any Error).self) {
      try EngineFixture.builder().build(into: target, companions: [missing])
    }
    #expect(try temporary.names == ["engine", "tokenizer.json"])
    try verifyEngine(in: target)
  }

  /// What builds that were killed have left goes after a day, and not before: it may be another's that is at work.
  @Test func abandonedBuildsAreRemoved() throws {
    let files = FileManager.default
    for (name, age) in [
      (".engine.1.partial", 90_000.0), (".engine.2.partial", 10), (".engine.3.old", 90_000),
      (".engine2.1.partial", 90_000), ("engine.1.partial", 90_000),
    ] {
      let folder = temporary.url.appending(path: name)
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data([1]).write(to: folder.appending(path: "x"))
      try files.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: folder.path())
    }
    try EngineFixture.builder().build(into: target)
    #expect(try temporary.names == [".engine.2.partial", ".engine2.1.partial", "engine", "engine.1.partial"])
  }

  /// Built twice, by however many threads, it is the same.
  @Test(arguments: Precision.allCases) func buildingIsRepeatable(_ precision: Precision) throws {
    let checkpoint = try openCheckpoint(at: Fixtures.url("whisper"))
    let descriptions = try [1, 3].map { threads in
      let folder = temporary.url.appending(path: "\(threads)")
      try EngineBuilder(
        checkpoint: checkpoint, model: "m", encoderPrecision: precision, decoderPrecision: precision,
        context: try ComputeContext(threads: threads)
      ).build(into: folder)
      return try readEngineDescription(in: folder)
    }
    #expect(descriptions[0] == descriptions[1])
  }

  /// The embedding in an engine is the checkpoint's, rounded; and its bytes fill what the description says.
  @Test(arguments: Precision.allCases) func theEngineHoldsTheCheckpoint(_ precision: Precision) throws {
    let checkpoint = try openCheckpoint(at: Fixtures.url("whisper"))
    let fixture = try EngineFixture(precision)
    let description = try readEngineDescription(in: fixture.folder)
    #expect(description.dimensions == checkpoint.dimensions)
    #expect(description.checkpoint == (try checkpointDigest(of: checkpoint)))
    for part in EnginePart.allCases {
      let url = fixture.url(part.fileName)
      #expect(try Data(contentsOf: url).count == description.files[part.fileName]?.bytes)
      #expect(try SafetensorsFile(url).metadata["swiftlet.model"] == "fixture")
    }
    let file = try EngineFile(.decoder, in: fixture.folder, description)
    let embedding = try file.linear("decoder.embed_tokens")
    let values = try checkpoint.floats(of: "decoder.embed_tokens.weight")
    let row = Matrix(rows: 1, columns: 72)
    let smoothing =
      precision == .int8
      ? smoothingScales(
        weights: values, gamma: try checkpoint.floats(of: "decoder.layer_norm.weight"),
        beta: try checkpoint.floats(of: "decoder.layer_norm.bias")) : nil
    for token in [0, 63, 64, 210] {
      embedding.copyColumn(token, toRow: 0, of: row)
      let expected = values[token * 72..<(token + 1) * 72]
      let scales = smoothing ?? [Float](repeating: 1, count: 72)
      let largest = zip(expected, scales).map { ($0 * $1).magnitude }.max() ?? 0
      for ((value, exact), scale) in zip(zip(row.values, expected), scales) {
        // Half a step: of fp16's 11 bits, of bf16's 8, of a smoothed column's largest over 127 (and its own roundings).
        let limit: Float =
          switch precision {
          case .fp32: 0
          case .fp16: exact.magnitude * 0x1p-11
          case .bf16: exact.magnitude * 0x1p-8
          case .int8: largest / 254 / scale * (1 + 0x1p-20)
          }
        #expect((value - exact).magnitude <= limit)
      }
    }
  }
}
