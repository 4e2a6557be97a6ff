// What is JSON is read, what is not is refused, and nothing crashes.

import SwiftletBasics
import SwiftletTestSupport
import Testing

@Suite struct JSONTests {
  private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

  @Test func everyKindOfValue() throws {
    let value = try parse(
      " {\"a\": [1, -2, 0, 2.5e1, 1E400e, true, false, null], \"b\":{}, \"c\":[ ]}\n"
        .replacing("1E400e", with: "1e2"))
    #expect(
      value
        == .object([
          "a": .array([
            .integer(1), .integer(-2), .integer(0), .number(25), .number(100), .bool(true), .bool(false),
            .null,
          ]),
          "b": .object([:]), "c": .array([]),
        ]))
    #expect(try parse("9223372036854775807") == .integer(.max))
    #expect(try parse("9223372036854775808") == .number(0x1p63))
    #expect(value.object?["a"]?.integers == nil && value.object?["c"]?.integers == [])
  }

  @Test func escapesAreReplaced() throws {
    #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\uD83C\uDFB5é♪""#) == .string("\"\\/\u{8}\u{C}\n\r\té🎵é♪"))
  }

  @Test(arguments: [
    "", " ", "{", "[", "\"", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
    "[1 2]", "1 2",
    "tru", "True", "nul", "NaN", "Infinity", "-", "+1", "01", "-01", ".5", "1.", "1e", "1e+", "0x1", "1e400",
    "'a'",
    "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\ud800\\",
    "\"\\",
    "\"\n\"", "\"\u{1}\"", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
  ])
  func whatIsNotJSON(text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func whatIsNotUTF8() {
    for bytes in [[0xFF], [0xC3], [0xE2, 0x99], [0xED, 0xA0, 0x80], [0xC0, 0x80]] as [[UInt8]] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22] + bytes + [0x22]) }
    }
  }

  /// Whoever reads or skips: a stack has an end.
  @Test func deepNestingIsRefused() throws {
    let nested = { (depth: Int) in
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(throws: Never.self) { try parse(nested(64)) }
    for text in [
      nested(65), String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 65),
    ] {
      let error = try #require(throws: JSONError.self) { try parse(text) }
      #expect(error.reason.contains("nesting"))
      #expect(throws: JSONError.self) {
        var reader = JSONReader(Array(text.utf8))
        try reader.skipValue()
      }
    }
    // Depth is what is open, not what was.
    #expect(throws: Never.self) {
      try parse("[" + Array(repeating: "[[]]", count: 200).joined(separator: ",") + "]")
    }
  }

  @Test func errorsSayWhere() throws {
    let error = try #require(throws: JSONError.self) { try parse(#"{"key":tru}"#) }
    #expect(error.description == "an unknown word at byte 10")
  }

  /// Skipping refuses what reading does, but for a key that comes twice.
  @Test func mutatedTextsDoNotCrash() throws {
    let text = Array(#"{"a":[1,-2.5e1,true,null,{"b":"\u00e9\ud83c\udfb5é"}],"c":"x\n"}"#.utf8)
    var generator = SeededGenerator(seed: 9)
    var refused = 0
    for _ in 0..<20_000 {
      var mutated = text
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: mutated[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: mutated.remove(at: place)
        default: mutated.swapAt(place, Int.random(in: 0..<mutated.count, using: &generator))
        }
      }
      let read = Result { () throws(JSONError) in try JSONValue(parsing: mutated) }
      let skipped = Result { () throws(JSONError) in
        var reader = JSONReader(mutated)
        try reader.skipValue()
        try reader.expectEnd()
      }
      switch (read, skipped) {
      case (.success, .success): break
      case (.failure(let error), .success): #expect(error.reason.contains("second time"))
      case (.failure(let first), .failure(let second)):
        #expect(first == second || first.reason.contains("second time"))
        refused += 1
      case (.success, .failure(let error)): Issue.record("\(error)")
      }
    }
    #expect(refused > 0)
  }
}
