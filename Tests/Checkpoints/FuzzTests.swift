// Damaged files of every format: whatever the bytes, a CheckpointError or a checkpoint, and no crash.

import Foundation
import SwiftletCheckpoints
import SwiftletTestModels
import SwiftletTestSupport
import Testing

/// The rounds of each format: SWIFTLET_FUZZ_ROUNDS, or a few.
private let rounds = ProcessInfo.processInfo.environment["SWIFTLET_FUZZ_ROUNDS"].flatMap(Int.init) ?? 300

@Suite struct FuzzTests {
  @Test(.slow, arguments: CheckpointFixture.all)
  func mutated(_ fixture: CheckpointFixture) throws {
    let original = try Data(contentsOf: fixture.modelFile)
    var generator = SeededGenerator(seed: UInt64(original.count))
    try fuzz(fixture) { round in
      var content = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&content, using: &generator) }
      if content == original { content[round % content.count] ^= 1 }
      return content
    }
  }

  /// Cut at every place in turn near both ends, and at random between.
  @Test(.slow, arguments: CheckpointFixture.all)
  func cut(_ fixture: CheckpointFixture) throws {
    var original = try Data(contentsOf: fixture.modelFile)
    // A line feed at the end of JSON is no loss.
    if fixture.modelFile.pathExtension == "json", original.last == 0x0A { original.removeLast() }
    var generator = SeededGenerator(seed: 7)
    try fuzz(fixture) { round in
      switch round % 3 {
      case 0: original.prefix(min(round / 3, original.count))
      case 1: original.dropLast(min(round / 3 + 1, original.count))
      default: original.prefix(Int.random(in: 0..<original.count, using: &generator))
      }
    } expectation: { opened in
      // No format survives a cut: each says how long it is.
      #expect(!opened)
    }
  }

  /// config.json and the index are read by the same rules.
  @Test(
    .slow,
    arguments: [
      "hf-f16/config.json", "hf-sharded/model.safetensors.index.json",
      "hf-bin-sharded/pytorch_model.bin.index.json",
    ])
  func mutatedJSON(path: String) throws {
    let file = CheckpointFixture.folder.appending(path: path)
    let original = try Data(contentsOf: file)
    let folder = TestFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: file.deletingLastPathComponent().path()) {
      let source = file.deletingLastPathComponent().appending(path: name)
      try FileManager.default.copyItem(at: source, to: folder.url.appending(path: name))
    }
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<rounds {
      var content = original
      mutate(&content, using: &generator)
      _ = try folder.write(content, as: file.lastPathComponent)
      do {
        _ = try openCheckpoint(at: folder.url)
      } catch {
        #expect(error.description.contains(folder.url.lastPathComponent), "\(error)")
      }
    }
  }

  /// Writes what `next` gives over the fixture's file and opens it, and reads every tensor if it opens.
  private func fuzz(
    _ fixture: CheckpointFixture, next: (Int) -> Data, expectation: (_ opened: Bool) -> Void = { _ in }
  ) throws {
    let folder = TestFolder()
    let file = fixture.modelFile
    let isFolder = file != fixture.url
    if isFolder {
      for name in try FileManager.default.contentsOfDirectory(atPath: fixture.url.path()) {
        try FileManager.default.copyItem(
          at: fixture.url.appending(path: name), to: folder.url.appending(path: name))
      }
    }
    for round in 0..<rounds {
      let changed = try folder.write(next(round), as: file.lastPathComponent)
      do {
        let checkpoint = try openCheckpoint(at: changed)
        for tensor in checkpoint.tensors {
          #expect(try checkpoint.floats(of: tensor.name).count == tensor.elementCount)
        }
        expectation(true)
      } catch {
        #expect(error.description.contains(folder.url.lastPathComponent), "\(error)")
        expectation(false)
      }
    }
  }

  /// One change of a kind that finds bugs: a bit, a byte, a number at the edge of its range, a run moved or
  /// removed. Half of the changes go to the first kilobyte, where headers are.
  private func mutate(_ content: inout Data, using generator: inout SeededGenerator) {
    let reach = Bool.random(using: &generator) ? min(1024, content.count) : content.count
    guard reach > 16 else { return }
    var position = Int.random(in: 0..<(reach - 8), using: &generator)
    // The directory of a zip and the aliases of CTranslate2 are at the end.
    if Int.random(in: 0..<4, using: &generator) == 0 { position = content.count - 9 - position }
    switch Int.random(in: 0..<7, using: &generator) {
    case 0: content[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: content[position] = UInt8.random(in: .min ... .max, using: &generator)
    case 2:
      let edges: [UInt64] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 63, .max, .max >> 1]
      let edge = edges[Int.random(in: 0..<edges.count, using: &generator)]
      let size = [1, 2, 4, 8][Int.random(in: 0..<4, using: &generator)]
      for byte in 0..<size { content[position + byte] = UInt8(truncatingIfNeeded: edge >> (byte * 8)) }
    case 3: content.removeSubrange(position..<(position + Int.random(in: 1...8, using: &generator)))
    case 4: content.insert(UInt8.random(in: .min ... .max, using: &generator), at: position)
    case 5:
      let other = Int.random(in: 0..<(content.count - 8), using: &generator)
      let run = [UInt8](content[other..<(other + 8)])
      content.replaceSubrange(position..<(position + 8), with: run)
    default:
      let digits = Array("0123456789-".utf8)
      content[position] = digits[Int.random(in: 0..<digits.count, using: &generator)]
    }
  }
}
