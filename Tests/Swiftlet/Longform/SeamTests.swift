// Speech that was transcribed again reads as part of the text around it.

import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct SeamTests {
  private func tokenizer() throws -> Tokenizer {
    try .bundled(vocabularySize: 51_864)
  }

  /// A segment whose words take half a second each.
  private func segment(_ text: String, at start: Double, _ tokenizer: Tokenizer) -> Segment {
    let tokens = tokenizer.encode(spoken: text)
    let words = text.split(separator: " ").enumerated().map { index, word in
      Word(
        text: " \(word)", start: start + Double(index) / 2, end: start + Double(index + 1) / 2, probability: 1
      )
    }
    return Segment(
      start: start, end: words.last?.end ?? start, text: text, tokens: tokens, language: "en",
      tokenLogProbabilities: tokens.map(Double.init), words: words)
  }

  @Test(arguments: [
    // Words around the hole are in its sound.
    ("and then he said", "he said, stopping me.", "in the road", "stopping me"),
    ("and then he said", "stopping me in the road.", "in the road", "stopping me"),
    ("It was late. He said", "Said stopping, me in.", "in the road", "stopping, me"),
    // What is said twice elsewhere was said twice.
    ("he said it", "stopping me, he said.", "In the road", "stopping me, he said."),
    ("It is over.", "Over there was a house...", "with a door", "over there was a house..."),
    // All of it stands there already.
    ("and he said", "he said.", "in the road", ""),
    ("", "Stopping me.", "", "Stopping me."),
  ])
  func noWordComesTwice(before: String, heard: String, after: String, expected: String) async throws {
    let tokenizer = try tokenizer()
    let seam = Seam(
      tokenizer: tokenizer, before: before.isEmpty ? nil : segment(before, at: 0, tokenizer),
      after: after.isEmpty ? nil : segment(after, at: 20, tokenizer))
    let joined = seam.joined([segment(heard, at: 10, tokenizer)])
    #expect(joined.map(\.text).joined(separator: " ").lowercased() == expected.lowercased())
    for segment in joined {
      #expect(segment.words?.map(\.text).joined() == " " + segment.text)
      #expect(tokenizer.text(of: segment.tokens) == " " + segment.text)
      #expect(segment.tokenLogProbabilities == segment.tokens.map(Double.init))
      #expect(segment.start == segment.words?.first?.start && segment.end == segment.words?.last?.end)
    }
  }

  @Test func whatBeginsASentenceIsToldNothing() async throws {
    let tokenizer = try tokenizer()
    func context(_ before: String) -> [Int] {
      Seam(tokenizer: tokenizer, before: segment(before, at: 0, tokenizer), after: nil).context
    }
    #expect(context("he said,") == tokenizer.encode(spoken: "he said,"))
    #expect(context("he said.").isEmpty && context("He said so!").isEmpty)
    #expect(Seam(tokenizer: tokenizer, before: nil, after: nil).context.isEmpty)
  }
}
