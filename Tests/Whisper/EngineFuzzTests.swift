// Damaged engines: whatever the bytes, a clear error or a network that runs, and no crash.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

/// The rounds of each test: SWIFTLET_FUZZ_ROUNDS, or a few.
private let rounds =
  ProcessInfo.processInfo.environment["SWIFTLET_FUZZ_ROUNDS"].flatMap(Int.init)
  ?? (TestTier.isFast ? 40 : 300)

@Suite struct EngineFuzzTests {
  /// Damage anywhere in a description.
  @Test(arguments: [UInt64(1), 2, 3]) func descriptions(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    try fuzz("engine.json") { content in
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        mutate(&content, in: 0..<content.count, using: &generator)
      }
    }
  }

  /// Other numbers in place of those of the description, which leave it well-formed.
  @Test func numbersOfADescription() throws {
    var generator = SeededGenerator(seed: 4)
    let others = [
      "0", "1", "-1", "2", "24", "50", "72", "144", "210", "1e9", "1000000", "9223372036854775807", "0.5",
      "\"7\"",
    ]
    try fuzz("engine.json") { content in
      let text = String(decoding: content, as: UTF8.self)
      let numbers = text.ranges(of: /: [0-9]+/)
      let range = numbers[Int.random(in: 0..<numbers.count, using: &generator)]
      let other = others[Int.random(in: 0..<others.count, using: &generator)]
      content = Data(text.replacingCharacters(in: range, with: ": \(other)").utf8)
    }
  }

  /// Damage in the header of the encoder, whose size stays right: what the check of sizes would find first is found by
  /// the tests of cuts.
  @Test(arguments: [UInt64(5), 6, 7]) func headers(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    try fuzz("encoder.safetensors") { content in
      let end = content.range(of: Data("}}".utf8))?.upperBound ?? 1_024
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        mutate(&content, in: 0..<end, keepsSize: true, using: &generator)
      }
    }
  }

  /// Weights, scales and sums may be anything: the network runs over them, NaN or not.
  @Test(.slow, arguments: Precision.allCases) func numbers(_ precision: Precision) throws {
    var generator = SeededGenerator(seed: 8)
    let context = try ComputeContext(threads: 2)
    let engine = try EngineFixture(precision)
    let undamaged = try logits(of: engine.load(), context)
    for name in ["encoder.safetensors", "decoder.safetensors"] {
      let original = try Data(contentsOf: engine.url(name))
      let header = original.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) } + 8
      for _ in 0..<rounds / 10 {
        var content = original
        for _ in 0..<2_000 {
          content[Int.random(in: header..<content.count, using: &generator)] = .random(
            in: 0...255, using: &generator)
        }
        try content.write(to: engine.url(name), options: .atomic)
        let damaged = try logits(of: engine.load(), context)
        #expect(
          damaged.map(\.bitPattern) != undamaged.map(\.bitPattern), "the damage has to reach the network")
      }
      try original.write(to: engine.url(name), options: .atomic)
    }
  }

  /// Changes the file again and again. Each time the engine is refused, by name, or gives the numbers that it gave before:
  /// damage outside the weights must not change the text.
  private func fuzz(_ name: String, change: (inout Data) -> Void) throws {
    let engine = try EngineFixture(.int8)
    let original = try Data(contentsOf: engine.url(name))
    let context = try ComputeContext(threads: 2)
    let undamaged = try logits(of: engine.load(), context)
    var refused = 0
    for _ in 0..<rounds {
      var content = original
      change(&content)
      // In place of a file that is mapped, a new one.
      try content.write(to: engine.url(name), options: .atomic)
      do {
        let found = try logits(of: engine.load(), context)
        #expect(found == undamaged, "\(String(decoding: content.prefix(4_096), as: UTF8.self))")
      } catch let error as EngineError {
        refused += 1
        #expect(error.description.contains(engine.folder.lastPathComponent))
      } catch let error as CheckpointError {
        refused += 1
        #expect(error.description.contains(name))
      }
    }
    #expect(refused > rounds / 4)
  }

  /// The logits after two tokens.
  private func logits(of model: WhisperModel, _ context: ComputeContext) throws -> [Float] {
    let network = try CPUNetwork(model, context: context)
    let audio = network.makeAudioMemory()
    try network.listen(to: [EncoderInput(logMel: Reference().input("mel"))], into: [audio])
    let sequence = network.makeSequence(over: audio)
    sequence.push([0, 210])
    try network.step([sequence])
    return network.computeLogits(ofRows: [1]).withRow(0) { row in
      #expect((0..<model.dimensions.vocabularySize).contains(context.argmax(row)))
      return row.withUnsafeBufferPointer { Array($0) }
    }
  }
}

/// One change of a kind that finds bugs: a bit, a byte, a digit, a run copied, and, unless the size is kept, bytes removed
/// or put in.
private func mutate(
  _ content: inout Data, in range: Range<Int>, keepsSize: Bool = false, using generator: inout SeededGenerator
) {
  let end = min(range.upperBound, content.count)
  guard end - range.lowerBound > 16 else { return }
  let position = Int.random(in: range.lowerBound..<end - 8, using: &generator)
  let digits = content[range.lowerBound..<end].indices.filter { (0x30...0x39).contains(content[$0]) }
  switch Int.random(in: 0..<(keepsSize ? 5 : 7), using: &generator) {
  case 0: content[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
  case 1: content[position] = UInt8.random(in: .min ... .max, using: &generator)
  case 2, 3:
    guard let at = digits.randomElement(using: &generator) else { return }
    content[at] = UInt8.random(in: 0x30...0x39, using: &generator)
  case 4:
    let other = Int.random(in: range.lowerBound..<end - 8, using: &generator)
    content.replaceSubrange(position..<position + 8, with: [UInt8](content[other..<other + 8]))
  case 5: content.removeSubrange(position..<position + Int.random(in: 1...8, using: &generator))
  default: content.insert(UInt8.random(in: .min ... .max, using: &generator), at: position)
  }
}
