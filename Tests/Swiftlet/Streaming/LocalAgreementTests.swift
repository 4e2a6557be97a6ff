// Properties of local agreement on random hypotheses.

import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct LocalAgreementTests {
  private static let vocabulary = ["And", "so,", "my", "fellow", "Americans", "so", "My", "fellow."]

  private func words(_ texts: [String]) -> [HeardWord] {
    texts.enumerated().map { index, text in
      HeardWord(
        word: Word(text: " " + text, start: Double(index), end: Double(index) + 1, probability: 1),
        tokens: [index])
    }
  }

  private func letters(_ text: String) -> String { text.lowercased().filter(\.isLetter) }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func whatIsCommittedOnlyGrowsAndWasSaidTwice(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var agreement = LocalAgreement()
    var committed: [String] = []
    var previous: [String] = []
    var last: [String] = []
    for _ in 0..<40 {
      // Like what follows in the one before, with words changed, dropped and added here and there.
      var hypothesis = previous
      for index in hypothesis.indices where Int.random(in: 0..<5, using: &generator) == 0 {
        hypothesis[index] = Self.vocabulary.randomElement(using: &generator) ?? ""
      }
      if Bool.random(using: &generator) { _ = hypothesis.popLast() }
      for _ in 0..<Int.random(in: 0..<4, using: &generator) {
        hypothesis.append(Self.vocabulary.randomElement(using: &generator) ?? "")
      }
      let heard = words(hypothesis)
      let new = agreement.take(heard)
      #expect(new == Array(heard.prefix(new.count)), "the newer hypothesis is what is committed")
      #expect(agreement.pending == Array(heard.dropFirst(new.count)))
      #expect(hypothesis.prefix(new.count).map(letters) == previous.prefix(new.count).map(letters))
      if new.count < min(previous.count, hypothesis.count) {
        #expect(
          letters(previous[new.count]) != letters(hypothesis[new.count]), "all that agrees is committed")
      }
      last = committed + hypothesis
      committed += hypothesis.prefix(new.count)
      #expect(Array(last.prefix(committed.count)) == committed)
      previous = Array(hypothesis.dropFirst(new.count))
    }
    let rest = agreement.finish()
    #expect(committed + rest.map { String($0.word.text.dropFirst()) } == last)
    #expect(agreement.pending.isEmpty && agreement.finish().isEmpty)
  }

  @Test func wordsNearTheEndWait() {
    var agreement = LocalAgreement()
    let hypothesis = words(["so", "my", "fellow"])
    #expect(agreement.take(hypothesis, before: 2.4).isEmpty)
    #expect(agreement.take(hypothesis, before: 2.4) == Array(hypothesis[..<2]))
    #expect(agreement.take(Array(hypothesis[2...]), before: 3.4) == [hypothesis[2]])
    // A word that waits keeps those behind it waiting, however they are timed.
    var late = words(["so", "my"])
    late[0].word.end = 9
    #expect(agreement.take(late).isEmpty && agreement.take(late, before: 5).isEmpty)
    #expect(agreement.finish() == late)
  }

  @Test func capitalsAndMarksDoNotMatterButMarksAloneDo() {
    var agreement = LocalAgreement()
    #expect(agreement.take(words(["Ask", "not."])).isEmpty)
    #expect(agreement.take(words(["ask", "not", "what"])).map(\.word.text) == [" ask", " not"])
    #expect(agreement.pending.map(\.word.text) == [" what"])
    var marks = LocalAgreement()
    #expect(marks.take(words([","])).isEmpty)
    #expect(marks.take(words(["."])).isEmpty)
    #expect(marks.take(words(["."])).count == 1)
  }
}
