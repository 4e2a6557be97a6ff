// The fixtures of this target, as Scripts/fixtures/text.py wrote them.

import Foundation
import SwiftletTestSupport

/// What the reference tokenizers did.
enum Recorded {
  struct Line: Decodable {
    let text: String
    let gpt2: [Int]
    let multilingual: [Int]

    func ids(_ vocabularySize: Int) -> [Int] { vocabularySize == 51864 ? gpt2 : multilingual }
  }

  struct Decoding: Decodable {
    let size: Int
    let ids: [Int]
    let text: String
    let withSpecials: String
  }

  struct Model: Decodable {
    let size: Int
    let names: [String: Int]
    let nonSpeech: [Int]
    let suppressed: [Int]
    let blank: [Int]
    /// For "CODE TASK", the start with timestamps and without.
    let starts: [String: [[Int]]]
  }

  struct Specials: Decodable {
    let models: [Model]
    let languages: [[String]]
    /// Codes by name, with the other names that the reference knows.
    let names: [String: String]
  }

  struct ScalarRange: Decodable {
    let first: UInt32
    let last: UInt32
    let kind: String

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      first = try container.decode(UInt32.self)
      last = try container.decode(UInt32.self)
      kind = try container.decode(String.self)
    }
  }

  struct CodePoints: Decodable {
    let classes: [ScalarRange]
    /// For each vocabulary, a hash of ids for each 1024 code points.
    let blocks: [String: [String]]
  }

  struct LongRun: Decodable {
    let count: Int
    let hash: String
  }

  struct WordSplitting: Decodable {
    let size: Int
    let language: String
    let ids: [Int]
    let words: [String]
    /// Tokens of each word.
    let counts: [Int]
  }

  static func corpus() throws -> [Line] { try read("corpus") }
  static func decodings() throws -> [Decoding] { try read("decoding") }
  static func specials() throws -> Specials { try read("specials") }
  static func codePoints() throws -> CodePoints { try read("codepoints") }
  static func wordSplittings() throws -> [WordSplitting] { try read("words") }
  static func longRuns() throws -> [String: LongRun] { try read("longrun") }

  /// FNV-1a over ids of four bytes each, in hexadecimal, as the script has it.
  static func hash(_ ids: [Int]) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for id in ids {
      for shift in [0, 8, 16, 24] {
        value = (value ^ UInt64(truncatingIfNeeded: id >> shift & 0xFF)) &* 0x100_0000_01b3
      }
    }
    return String(value, radix: 16)
  }

  private static func read<Value: Decodable>(_ name: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: Fixtures.url("text/\(name).json")))
  }
}
