// What the decoder is told of live sound fits into it, whatever was said.

import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct StreamingPromptTests {
  private let prompts: StreamingPrompt

  init() throws {
    prompts = StreamingPrompt(
      specials: try Tokenizer.bundled(vocabularySize: 51_865).specials, contextLength: 448)
  }

  /// Words of up to as many tokens as a step can choose, in all: scripts that take several tokens a letter.
  private func words(
    from begin: Double, tokens: Int, using generator: inout SeededGenerator
  ) -> [HeardWord] {
    var (words, left, time): ([HeardWord], Int, Double) = ([], tokens, begin)
    while left > 0 {
      let count = Int.random(in: 1...min(left, 40), using: &generator)
      let end = time + Double.random(in: 0...0.1, using: &generator)
      words.append(
        HeardWord(
          word: Word(
            text: Bool.random(using: &generator) ? " word" : " end.", start: time, end: end, probability: 1),
          tokens: (0..<count).map { _ in Int.random(in: 0..<50_000, using: &generator) }))
      (left, time) = (left - count, end)
    }
    return words
  }

  @Test(.slow, arguments: 0..<40 as Range<UInt64>)
  func thereIsAlwaysRoomForNewText(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var buffer = StreamingBuffer()
    var history: [Int] = []
    var (all, forgotten): ([HeardWord], [HeardWord]) = ([], [])
    for _ in 0..<50 {
      buffer.append([Float](repeating: 0, count: 16_000))
      let new = words(
        from: all.last?.word.end ?? 0, tokens: Int.random(in: 0...224, using: &generator), using: &generator)
      buffer.append(new)
      all += new
      var cut: [HeardWord] = []
      if buffer.seconds > 15 { cut += buffer.cut(limit: 15, before: nil) }
      cut += buffer.cut(tokenLimit: prompts.givenLimit, before: nil)
      forgotten += cut
      history = Array((history + cut.flatMap(\.tokens)).suffix(223))

      let given = buffer.said.flatMap(\.tokens)
      let start = Array(repeating: 50_258, count: Int.random(in: 1...4, using: &generator))
      let prompt = prompts.prompt(previous: history, start: start, given: given)
      #expect(prompt.tokens.count + prompts.reserve <= 448)
      #expect(prompt.given == given && prompt.tokens.suffix(start.count + given.count) == start + given)
      #expect(prompt.tokens[prompt.startOfTranscript] == 50_258)
      // As much of what lies further back as there is room for, its end.
      let previous = prompt.tokens.prefix(prompt.startOfTranscript).dropFirst()
      #expect(history.suffix(previous.count) == Array(previous)[...])
      #expect(
        previous.count == history.count
          || prompt.tokens.count + prompts.reserve == 448)
      // What is aligned goes between the start and the end of text.
      let text = prompts.alignable(Array(repeating: 1, count: 448), start: start)
      #expect(start.count + text.count + 1 == 448)
    }
    #expect(forgotten + buffer.said == all, "nothing is lost")
    #expect(forgotten.count > 0)
  }

  @Test func fewWordsAreNotCut() {
    var generator = SeededGenerator(seed: 1)
    var buffer = StreamingBuffer()
    buffer.append([Float](repeating: 0, count: 160_000))
    buffer.append(words(from: 0, tokens: 224, using: &generator))
    #expect(buffer.cut(tokenLimit: 224, before: nil).isEmpty)
    let count = buffer.said.count
    buffer.append(words(from: 5, tokens: 1, using: &generator))
    #expect(!buffer.cut(tokenLimit: 224, before: nil).isEmpty)
    #expect(buffer.said.count <= count)
  }
}
