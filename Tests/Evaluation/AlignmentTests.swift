// Alignments and their counts: hand-made ones, jiwer's, and a plain table as oracle.

import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletEvaluation

@Suite struct AlignmentTests {
  @Test func wordsStandSideBySide() {
    let alignment = WordAlignment(reference: "the cat sat on the mat", hypothesis: "the bat sat the mat too")
    #expect(alignment.counts == EditCounts(hits: 4, substitutions: 1, deletions: 1, insertions: 1))
    #expect(
      alignment.steps.map { "\($0.operation):\($0.reference ?? "")/\($0.hypothesis ?? "")" } == [
        "match:the/the", "substitution:cat/bat", "match:sat/sat", "deletion:on/", "match:the/the",
        "match:mat/mat", "insertion:/too",
      ])
    #expect(
      alignment.text(width: 80, coloured: false) == """
          said   the cat sat on the mat
          heard  the bat sat    the mat too
                     S       D          I
        """)
    let coloured = alignment.text(width: 80, coloured: true)
    for part in ["\u{1B}[33mbat\u{1B}[0m", "\u{1B}[31mon\u{1B}[0m", "\u{1B}[36mtoo\u{1B}[0m"] {
      #expect(coloured.contains(part))
    }
  }

  @Test func longLinesAreBroken() {
    let text = WordAlignment(reference: "one two three four", hypothesis: "one two 三 four").text(
      width: 18, coloured: false)
    #expect(
      text == """
          said   one two
          heard  one two

          said   three
          heard  三
                 S

          said   four
          heard  four
        """)
  }

  @Test func countsAreThoseOfJiwer() throws {
    let cases = try Recorded.scored()
    #expect(cases.count >= 400)
    for line in cases {
      let text = "\(line.reference.debugDescription), \(line.hypothesis.debugDescription)"
      #expect(wordErrors(reference: line.reference, hypothesis: line.hypothesis) == line.words, "\(text)")
      #expect(
        WordAlignment(reference: line.reference, hypothesis: line.hypothesis).counts == line.words, "\(text)")
      if let characters = line.characters {
        #expect(
          characterErrors(reference: line.reference, hypothesis: line.hypothesis) == characters, "\(text)")
      }
    }
  }

  @Test func operationsAreFewestAndLeadFromOneToTheOther() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<3000 {
      let kinds = Int.random(in: 1...6, using: &generator)
      func tokens() -> [Int] {
        (0..<Int.random(in: 0...90, using: &generator)).map { _ in
          Int.random(in: 0..<kinds, using: &generator)
        }
      }
      let (reference, hypothesis) = (tokens(), tokens())
      let operations = editOperations(reference: reference, hypothesis: hypothesis)
      #expect(EditCounts(operations).errors == plainDistance(reference, hypothesis))
      #expect(follow(operations, reference, hypothesis))
    }
  }

  @Test func longTextsAreAlignedInHalves() {
    var generator = SeededGenerator(seed: 5)
    let reference = (0..<9000).map { _ in Int.random(in: 0..<800, using: &generator) }
    var hypothesis = reference
    for place in stride(from: 0, to: 9000, by: 9) { hypothesis[place] = -1 }
    hypothesis.removeSubrange(4000..<4100)
    let operations = editOperations(reference: reference, hypothesis: hypothesis)
    #expect(follow(operations, reference, hypothesis))
    #expect(EditCounts(operations).deletions == 100)
    // Every ninth is wrong, but for those that are missing.
    #expect(EditCounts(operations).errors == 1000 + 100 - (4000..<4100).count { $0 % 9 == 0 })
  }

  @Test func ratesOfNothingAreSaid() {
    #expect(EditCounts().rate == 0)
    #expect(wordErrors(reference: "", hypothesis: "some words").rate == nil)
    #expect(wordErrors(reference: "", hypothesis: "some words").insertions == 2)
    #expect(wordErrors(reference: "some words", hypothesis: " ").rate == 1)
    let sum = wordErrors(reference: "", hypothesis: "more") + wordErrors(reference: "a b", hypothesis: "a b")
    #expect(sum.rate == 0.5)
    #expect(sum.referenceCount == 2)
  }

  @Test func onlyLongRunsAreLeftOutOrInvented() {
    /// `m4d5`: four matches, then five deletions.
    func count(_ alignment: String) -> UnmatchedWords {
      let kinds: [Character: EditOperation] = [
        "m": .match, "s": .substitution, "d": .deletion, "i": .insertion,
      ]
      var operations: [EditOperation] = []
      for character in alignment {
        if let kind = kinds[character] {
          operations.append(kind)
        } else if let last = operations.last, let count = character.wholeNumberValue {
          operations += Array(repeating: last, count: count - 1)
        }
      }
      return UnmatchedWords(operations)
    }
    #expect(count("") == UnmatchedWords())
    #expect(count("m3d4m2i4m") == UnmatchedWords(), "too short")
    #expect(count("m3d5m2i6m") == UnmatchedWords(leftOut: 5, invented: 6))
    #expect(count("d7m1d5") == UnmatchedWords(leftOut: 12), "at both ends")
    #expect(count("m1d4s1d4m1") == UnmatchedWords(), "a word stands against the one in the middle")
    #expect(count("m1d3i3d3") == UnmatchedWords(), "insertions end a run")
    #expect(count("s9") == UnmatchedWords())
    #expect(count("d5i5") == UnmatchedWords(leftOut: 5, invented: 5))
    #expect(count("i2") == UnmatchedWords(invented: 2), "where nothing is said, every word is invented")
    #expect(count("i2m1") == UnmatchedWords())
    let sum = count("d5") + count("i1") + count("m1i8")
    #expect(sum == UnmatchedWords(leftOut: 5, invented: 9))
  }

  @Test func anUtteranceIsNormalizedAndCounted() {
    let score = UtteranceScore(
      reference: "Twenty-one colours, OK?", hypothesis: "21 colors okay", normalizer: EnglishTextNormalizer())
    #expect(score.reference == "21 colors ok")
    #expect(score.words == EditCounts(hits: 2, substitutions: 1))
    #expect(score.characters.errors == 2)
    #expect(score.alignment.counts == score.words)
    #expect(score.unmatched == UnmatchedWords())
    let silence = UtteranceScore(
      reference: "[music]", hypothesis: "Thanks for watching!", normalizer: EnglishTextNormalizer())
    #expect(silence.unmatched == UnmatchedWords(invented: 3) && silence.words.insertions == 3)
  }
}

/// The edit distance by the textbook.
private func plainDistance(_ a: [Int], _ b: [Int]) -> Int {
  var row = Array(0...b.count)
  for i in a.indices {
    var next = [i + 1]
    for j in b.indices { next.append(min(row[j] + (a[i] == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)) }
    row = next
  }
  return row[b.count]
}

/// Whether operations use up both sides, and matches match.
private func follow(_ operations: [EditOperation], _ reference: [Int], _ hypothesis: [Int]) -> Bool {
  var (i, j) = (0, 0)
  for operation in operations {
    let hasBoth = i < reference.count && j < hypothesis.count
    switch operation {
    case .match, .substitution:
      guard hasBoth, (reference[i] == hypothesis[j]) == (operation == .match) else { return false }
      (i, j) = (i + 1, j + 1)
    case .deletion: i += 1
    case .insertion: j += 1
    }
  }
  return i == reference.count && j == hypothesis.count
}

private func wordErrors(reference: String, hypothesis: String) -> EditCounts {
  UtteranceScore(reference: reference, hypothesis: hypothesis, normalizer: nil).words
}
