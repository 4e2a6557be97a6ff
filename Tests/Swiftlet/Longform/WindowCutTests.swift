// How hypotheses become segments, and what the next window is told.

import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct WindowCutTests {
  let tokenizer: Tokenizer
  private var specials: SpecialTokens { tokenizer.specials }

  init() throws {
    tokenizer = try Tokenizer.load(from: Fixtures.url("nowhere"), vocabularySize: 51_864)
  }

  private func time(_ seconds: Double) -> Int { specials.timestampBegin + Int((seconds * 50).rounded()) }

  private func cut(_ tokens: [Int], frames: Int = 3_000, timestamps: Bool = true) -> WindowCut {
    WindowCut(tokens, frames: frames, timestamps: timestamps, specials: specials)
  }

  @Test func pairsOfTimestampsEndSegments() {
    let open = cut([time(0), 1, 2, time(4), time(4.5), 3, time(9), time(9), 4])
    #expect(open.pieces.map(\.tokens) == [0..<4, 4..<7])
    #expect(open.pieces.map(\.start) == [0, 4.5])
    #expect(open.pieces.map(\.end) == [4, 9])
    #expect(open.advance == 900)
    #expect(!open.endsWithSingleTimestamp)
  }

  @Test func aSingleTimestampEndsTheWindow() {
    let closed = cut([time(0), 1, time(4), time(4), 3, time(9)], frames: 1_234)
    #expect(closed.pieces.map(\.tokens) == [0..<3, 3..<6])
    #expect(closed.pieces.map(\.end) == [4, 9])
    #expect(closed.advance == 1_234)
    #expect(closed.endsWithSingleTimestamp)
  }

  @Test func withoutPairsThereIsOneSegment() {
    #expect(cut([time(0), 1, time(4)], frames: 500).pieces == [.init(tokens: 0..<3, start: 0, end: 4)])
    #expect(cut([time(0), 1], frames: 500).pieces == [.init(tokens: 0..<2, start: 0, end: 5)])
    #expect(cut([1, 2], frames: 500, timestamps: false).pieces == [.init(tokens: 0..<2, start: 0, end: 5)])
    #expect(cut([time(0), 1], frames: 500).advance == 500)
  }

  private func history(_ change: (inout TranscriptionOptions) -> Void) -> PromptHistory {
    var options = TranscriptionOptions()
    change(&options)
    return PromptHistory(options, tokenizer: tokenizer, contextLength: 448)
  }

  @Test func theNextWindowIsToldWhatWasSaid() {
    let initial = tokenizer.encode(" Hello there")
    var plain = history { $0.initialPrompt = " Hello there " }
    #expect(plain.previous == initial)
    plain.append([1, 2], temperature: 0)
    #expect(plain.previous == initial + [1, 2])
    plain.append([3], temperature: 0.6)
    #expect(plain.previous.isEmpty)
    plain.append([4], temperature: 0.4)
    #expect(plain.previous == [4])
    plain.append(Array(0..<300), temperature: 0)
    #expect(plain.previous == Array(77..<300))

    var carried = history {
      $0.initialPrompt = "Hello there"
      $0.carryInitialPrompt = true
      $0.hotwords = "Swiftlet"
    }
    let kept = tokenizer.encode(" Swiftlet") + initial
    carried.append(Array(0..<300), temperature: 0)
    #expect(carried.previous == kept + Array(77 + kept.count..<300))
    carried.append([], temperature: 1)
    #expect(carried.previous == kept)

    var alone = history { $0.conditionOnPreviousText = false }
    alone.append([1], temperature: 0)
    #expect(alone.previous.isEmpty)
  }

  @Test func promptsBeginWithWhatWasSaid() {
    let prompt = DecodingPrompt(previous: [5, 6], start: [9, 8], given: [7], specials: specials)
    #expect(prompt.tokens == [specials.startOfPrevious, 5, 6, 9, 8, 7])
    #expect(prompt.startOfTranscript == 3)
    let bare = DecodingPrompt(previous: [], start: [9], given: [], specials: specials)
    #expect(bare.tokens == [9] && bare.startOfTranscript == 0)
  }

  @Test func clipsFollowEachOther() {
    var options = TranscriptionOptions()
    options.clipTimestamps = [1.5, 40, 50]
    var pass = SequentialPass(options, tokenizer: tokenizer, contextLength: 448)
    #expect(pass.next() == .init(frame: 150, limit: 3_000))
    pass.accept(tokens: [], temperature: 0, nextFrame: 2_000)
    #expect(pass.next() == .init(frame: 2_000, limit: 2_000))
    pass.skip(frames: 2_000)
    #expect(pass.next() == .init(frame: 5_000, limit: 3_000))
    options.clipTimestamps = [1, 2]
    pass = SequentialPass(options, tokenizer: tokenizer, contextLength: 448)
    pass.skip(frames: 101)
    #expect(pass.next() == nil)
  }

  /// What was left out is a window of its own, and all after it comes after it.
  @Test func aWindowEndsWhereItIsToldTo() {
    var options = TranscriptionOptions()
    options.clipTimestamps = [1, 40]
    var pass = SequentialPass(options, tokenizer: tokenizer, contextLength: 448)
    pass.accept(tokens: [], temperature: 0, nextFrame: 120)
    pass.divide(at: 900)
    #expect(pass.next() == .init(frame: 120, limit: 780))
    pass.divide(at: 900)
    pass.divide(at: 100)
    pass.accept(tokens: [], temperature: 0, nextFrame: 500)
    #expect(pass.next() == .init(frame: 500, limit: 400))
    pass.accept(tokens: [], temperature: 0, nextFrame: 900)
    #expect(pass.next() == .init(frame: 900, limit: 3_000))
  }

  @Test func segmentsAreCutBetweenWords() {
    func segment(_ text: String, at start: Double, timed: Bool) -> Segment {
      let words = text.split(separator: " ").enumerated().map {
        Word(text: " \($1)", start: start + Double($0), end: start + Double($0) + 0.5, probability: 1)
      }
      let tokens = [specials.timestampBegin] + tokenizer.encode(spoken: text) + [specials.timestampBegin]
      return Segment(
        start: start - 0.25, end: start + 10, text: text, tokens: tokens, language: "en",
        tokenLogProbabilities: [Double](repeating: -1, count: tokens.count), words: timed ? words : nil)
    }
    let texts = ["One two three", "four, unbelievably five"]
    let timed = texts.enumerated().map { segment($1, at: Double(10 * $0), timed: true) }
    let plain = texts.enumerated().map { segment($1, at: Double(10 * $0), timed: false) }
    func cut(at frame: Int) -> [Segment] {
      var segments = plain
      segments.cut(at: frame, by: timed, with: tokenizer)
      return segments
    }
    #expect(cut(at: 1_150).map(\.text) == ["One two three", "four, unbelievably"])
    #expect(cut(at: 1_150).map(\.start) == [-0.25, 9.75] && cut(at: 1_150).last?.end == 11.5)
    #expect(cut(at: 800).map(\.text) == ["One two three"] && cut(at: 800).last?.end == 8)
    #expect(cut(at: 60).map(\.text) == ["One"])
    #expect(cut(at: 0).isEmpty)
    #expect(cut(at: 1_300).map(\.text) == texts && cut(at: 1_300).last?.end == 13)
    for piece in timed[1].divided(at: [1_050, 1_150], with: tokenizer) {
      #expect(piece.tokens.count == piece.tokenLogProbabilities.count && piece.words?.count == 1)
      #expect(piece.start == piece.words?.first?.start && piece.end == piece.words?.last?.end)
    }
    #expect(timed[1].divided(at: [1_050, 1_150], with: tokenizer).flatMap(\.tokens) == timed[1].tokens)
  }
}
