// The rules of decoding as properties, on random logits.

import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct LogitRuleTests {
  let tokenizer: Tokenizer
  let context: ComputeContext
  private var specials: SpecialTokens { tokenizer.specials }

  init() throws {
    tokenizer = try Tokenizer.load(from: Fixtures.url("nowhere"), vocabularySize: 51_864)
    context = try ComputeContext(threads: 1)
  }

  private func rules(_ change: (inout TranscriptionOptions) -> Void = { _ in }) -> LogitRules {
    var options = TranscriptionOptions()
    change(&options)
    return DecodingSettings(options, tokenizer: tokenizer).rules
  }

  /// Random logits whose timestamps together are now more, now less probable than words.
  private func logits(_ generator: inout SeededGenerator) -> Matrix {
    let boost = Float.random(in: -6..<2, using: &generator)
    return Matrix(
      columns: 51_864,
      values: (0..<51_864).map { index in
        Float.random(in: -4..<8, using: &generator) + (index >= specials.timestampBegin ? boost : 0)
      })
  }

  /// A hypothesis written by drawing from what the rules leave.
  private func write(_ rules: LogitRules, seed: UInt64, length: Int) -> [Int] {
    var generator = SeededGenerator(seed: seed)
    var tokens: [Int] = []
    while tokens.count < length {
      let row = logits(&generator)
      row.withMutableRow(0) { rules.apply(to: &$0, after: tokens, given: 0, context) }
      // The rules leave tokens of languages; the model never writes them.
      let allowed = row.withRow(0) { row in
        row.indices.filter { row[$0] > -.infinity && ($0 <= specials.endOfText || specials.isTimestamp($0)) }
      }
      guard let token = allowed.randomElement(using: &generator) else { break }
      if token == specials.endOfText { break }
      tokens.append(token)
    }
    return tokens
  }

  @Test(.slow, arguments: 0..<6) func timestampsAreOrderedPairs(seed: Int) throws {
    for maximum in [1, 0.5, nil] as [Double?] {
      let tokens = write(rules { $0.windows.maxInitialTimestamp = maximum }, seed: UInt64(seed), length: 30)
      let first = try #require(tokens.first.flatMap(specials.seconds(of:)))
      #expect(first <= maximum ?? 30)
      #expect(!tokens.contains(specials.noTimestamps))
      let times = tokens.compactMap(specials.seconds(of:))
      #expect(times == times.sorted())
      // One or two side by side, never three; and a segment is longer than nothing.
      var run = 0
      for (index, token) in tokens.enumerated() {
        run = specials.isTimestamp(token) ? run + 1 : 0
        #expect(run <= 2)
        if index > 0, run == 1 {
          let before = tokens[..<index].compactMap(specials.seconds(of:)).last ?? -1
          #expect(specials.seconds(of: token) ?? 0 > before)
        }
        if index == 1 { #expect(run == 0, "text comes after the first timestamp") }
        if run == 0, index >= 2, specials.isTimestamp(tokens[index - 1]),
          !specials.isTimestamp(tokens[index - 2])
        {
          Issue.record("text after a timestamp without its fellow")
        }
      }
    }
  }

  @Test func aTimestampIsChosenWhereTogetherTheyAreMoreProbable() {
    let rules = rules()
    for (each, expected) in [(Float(-8), false), (-6, true)] {
      // 1501 timestamps of e^each against the best word's e^0.
      var values = [Float](repeating: -20, count: 51_864)
      values[400] = 0
      for index in specials.timestampBegin..<51_864 { values[index] = each }
      let row = Matrix(columns: values.count, values: values)
      row.withMutableRow(0) {
        rules.apply(to: &$0, after: [specials.timestampBegin, 500], given: 0, context)
      }
      #expect((row[0, 400] == -.infinity) == expected)
    }
  }

  @Test func suppressedTokensAreNeverLeft() {
    var generator = SeededGenerator(seed: 8)
    let all = rules { $0.windows.timestamps = false }
    let some = rules {
      $0.windows.timestamps = false
      $0.decoding.suppressTokens = [11, 13]
      $0.decoding.suppressBlank = false
    }
    for tokens in [[], [400]] {
      for (rules, asked) in [(all, tokenizer.nonSpeechTokens), (some, [11, 13])] {
        let row = logits(&generator)
        let before = row.values
        row.withMutableRow(0) { rules.apply(to: &$0, after: tokens, given: 0, context) }
        var expected = Set(asked + tokenizer.suppressedTokens.filter { $0 > specials.endOfText })
        if tokens.isEmpty, rules == all { expected.formUnion(tokenizer.blankTokens) }
        for index in before.indices {
          #expect(row[0, index] == (expected.contains(index) ? -.infinity : before[index]))
        }
      }
    }
  }

  @Test func wordsAreNotRepeated() {
    let rules = rules {
      $0.windows.timestamps = false
      $0.decoding.repetitionPenalty = 2
      $0.decoding.noRepeatNgramSize = 3
    }
    let time = specials.timestampBegin + 50
    let row = Matrix(columns: 51_864, values: (0..<51_864).map { $0 == 300 ? -1 : 1 })
    // 100 200 300, then 100 200 across a pair of timestamps: 300 may not follow, and all are less probable.
    row.withMutableRow(0) {
      rules.apply(to: &$0, after: [time, 100, 200, 300, 400, 100, time, time, 200], given: 0, context)
    }
    #expect(row[0, 300] == -.infinity)
    #expect([row[0, 100], row[0, 200], row[0, 400], row[0, 500], row[0, time]] == [0.5, 0.5, 0.5, 1, 1])
    let other = Matrix(columns: 51_864, values: (0..<51_864).map { $0 == 300 ? -1 : 1 })
    other.withMutableRow(0) { rules.apply(to: &$0, after: [300, 100], given: 0, context) }
    #expect(other[0, 300] == -2)
  }
}
