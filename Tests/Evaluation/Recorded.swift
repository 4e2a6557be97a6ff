// The fixtures of this target, as Scripts/fixtures/evaluation.py wrote them.

import Foundation
import SwiftletTestSupport

@testable import SwiftletEvaluation

/// What openai-whisper's normalizers and jiwer did.
enum Recorded {
  /// A text and what the normalizer made of it.
  struct English: Decodable {
    let text: String
    let normalized: String

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      text = try container.decode(String.self)
      normalized = try container.decode(String.self)
    }
  }

  /// A text and what it becomes as it is by default, without diacritics, with letters apart, and with both.
  struct Basic: Decodable {
    let text: String
    let normalized: [String]

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      text = try container.decode(String.self)
      normalized = try (0..<4).map { _ in try container.decode(String.self) }
    }
  }

  /// Two texts and jiwer's counts.
  struct Scored: Decodable {
    let reference: String
    let hypothesis: String
    let words: EditCounts
    /// Nil for long texts.
    let characters: EditCounts?

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      reference = try container.decode(String.self)
      hypothesis = try container.decode(String.self)
      words = EditCounts(recorded: try container.decode([Int].self))
      characters = try container.decodeIfPresent([Int].self).map { EditCounts(recorded: $0) }
    }
  }

  /// `make check-normalizers` sets this to a folder with many more cases.
  private static let folder =
    ProcessInfo.processInfo.environment["SWIFTLET_EVALUATION_CASES"].map { URL(filePath: $0) }
    ?? Fixtures.url("evaluation")

  static func english() throws -> [English] { try read("english") }
  static func basic() throws -> [Basic] { try read("basic") }
  static func scored() throws -> [Scored] { try read("scoring") }

  private static func read<Row: Decodable>(_ name: String) throws -> [Row] {
    try JSONDecoder().decode([Row].self, from: Data(contentsOf: folder.appending(path: "\(name).json")))
  }
}

extension EditCounts {
  /// Hits, substitutions, deletions, insertions.
  fileprivate init(recorded: [Int]) {
    self.init(
      hits: recorded[0], substitutions: recorded[1], deletions: recorded[2], insertions: recorded[3])
  }
}
