// Times put in order.

import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct TimeSpanTests {
  private func spans(_ times: [(Int, Int)]) -> [TimeSpan] { times.map { TimeSpan(start: $0.0, end: $0.1) } }

  @Test func whatIsRightStays() {
    let right = spans([(0, 20), (20, 400), (1_000, 1_020), (5_000, 9_000)])
    #expect(right.fitted(from: 0, to: 9_000, least: 20) == right)
  }

  @Test func whatIsWrongIsMoved() {
    // Past the end, without length, before the one before, the wrong way round.
    #expect(spans([(29_000, 30_040)]).fitted(from: 0, to: 30_000, least: 20) == spans([(29_000, 30_000)]))
    #expect(spans([(30_000, 30_040)]).fitted(from: 0, to: 30_000, least: 20) == spans([(29_980, 30_000)]))
    #expect(
      spans([(500, 500), (500, 700)]).fitted(from: 0, to: 900, least: 20) == spans([(500, 520), (520, 700)]))
    #expect(
      spans([(0, 500), (300, 700)]).fitted(from: 0, to: 900, least: 20) == spans([(0, 300), (300, 700)]))
    #expect(spans([(700, 300)]).fitted(from: 0, to: 900, least: 20) == spans([(700, 720)]))
    #expect(
      spans([(5, 5), (5, 5), (5, 5)]).fitted(from: 0, to: 9, least: 20) == spans([(0, 3), (3, 6), (6, 9)]))
    #expect(spans([(5, 6)]).fitted(from: 9, to: 3, least: 20) == spans([(9, 9)]))
    #expect([TimeSpan]().fitted(from: 0, to: 1, least: 20).isEmpty)
  }

  @Test func anythingIsPutInOrder() {
    var generator = SeededGenerator(seed: 19)
    for _ in 0..<2_000 {
      let end = Int.random(in: 0...5_000, using: &generator)
      let count = Int.random(in: 0...40, using: &generator)
      let given = (0..<count).map { _ in
        TimeSpan(
          start: .random(in: -1_000...9_000, using: &generator),
          end: .random(in: -1_000...9_000, using: &generator))
      }
      let fitted = given.fitted(from: 100, to: end, least: 20)
      let room = max(0, end - 100) / max(1, count)
      #expect(fitted.count == count)
      #expect(fitted.allSatisfy { $0.end - $0.start >= min(20, room) })
      #expect(fitted.allSatisfy { $0.start >= 100 && $0.end <= max(100, end) })
      #expect(zip(fitted, fitted.dropFirst()).allSatisfy { $0.end <= $1.start })
      #expect(fitted.fitted(from: 100, to: end, least: 20) == fitted)
    }
  }

  private func segment(_ start: Double, _ end: Double, channel: Int? = nil, words: [Word]? = nil) -> Segment {
    Segment(
      start: start, end: end, text: "a", tokens: [], language: "en", words: words, channel: channel)
  }

  @Test func segmentsAreOrderedAndCutToTheSound() {
    let word = Word(text: " a", start: 29.5, end: 30.04, probability: 1)
    let fitted = [segment(.nan, .nan), segment(29.5, 30.04, words: [word]), segment(20, 29.6)].fitted(to: 30)
    #expect(fitted.map(\.start) == [0, 20, 29.5] && fitted.map(\.end) == [0.02, 29.5, 30])
    #expect(fitted[2].words?.first?.end == 30)
    #expect([segment(1, 3), segment(.infinity, -.infinity)].fitted(to: 9).map(\.start) == [1, 3])
  }

  /// Two people may talk at once.
  @Test func channelsMayOverlapAndAreMixedByTime() {
    let fitted = [segment(4, 9, channel: 1), segment(3, 8, channel: 2), segment(5, 6, channel: 2)].fitted(
      to: 30)
    #expect(fitted.map(\.channel) == [2, 1, 2])
    #expect(fitted.map(\.start) == [3, 4, 5] && fitted.map(\.end) == [5, 9, 6])
  }

  /// Words stay in their segment, also those that made its start and end.
  @Test func wordsAreInTheirSegments() throws {
    let words = [(1.0, 1.0), (1.0, 1.0), (1.0, 2.0), (1.9, 3.2)].map {
      Word(text: " a", start: $0.0, end: $0.1, probability: 1)
    }
    let fitted = [segment(1, 3.2, words: words), segment(3, 4)].fitted(to: 4)
    let found = try #require(fitted[0].words)
    #expect(found.map(\.start) == [1, 1.02, 1.04, 1.9] && found.map(\.end) == [1.02, 1.04, 1.9, 3])
    #expect(fitted[0].end == 3 && fitted[1].start == 3)
  }
}
