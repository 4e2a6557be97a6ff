// Engines of the fixture's checkpoint, built into temporary folders.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

/// An engine of `Tests/Fixtures/whisper`, whose folder lives as long as this.
final class EngineFixture: Sendable {
  let temporary: TestFolder
  let folder: URL

  init(encoder: Precision, decoder: Precision) throws {
    temporary = TestFolder()
    folder = temporary.url.appending(path: "engine")
    try Self.builder(encoder: encoder, decoder: decoder).build(into: folder)
  }

  convenience init(_ precision: Precision) throws { try self.init(encoder: precision, decoder: precision) }

  static func builder(encoder: Precision = .fp32, decoder: Precision = .fp32) throws -> EngineBuilder {
    EngineBuilder(
      checkpoint: try openCheckpoint(at: Fixtures.url("whisper")), model: "fixture",
      encoderPrecision: encoder, decoderPrecision: decoder, context: try ComputeContext(threads: 2))
  }

  func load() throws -> WhisperModel { try WhisperModel(engine: folder) }
  func url(_ name: String) -> URL { folder.appending(path: name) }

  /// A model; its files stay mapped after the folder is gone.
  static func model(_ precision: Precision) throws -> WhisperModel { try EngineFixture(precision).load() }
}

/// Every way to compute: instruction sets, each with one thread and with three.
struct Way: Sendable, CustomTestStringConvertible {
  let isa: InstructionSet
  let threads: Int
  var testDescription: String { "\(isa), \(threads) threads" }

  static let all = InstructionSet.available.flatMap { isa in [1, 3].map { Way(isa: isa, threads: $0) } }

  func context() throws -> ComputeContext { try ComputeContext(threads: threads, instructionSet: isa) }
}
