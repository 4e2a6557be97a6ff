// How hypotheses become segments, and what the next window is told.

import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct SegmentBoundariesTests {
  let tokenizer: Tokenizer
  private var specials: SpecialTokens { tokenizer.specials }

  init() throws {
    tokenizer = try Tokenizer.load(from: Fixtures.url("nowhere"), vocabularySize: 51_864)
  }

  private func time(_ seconds: Double) -> Int { specials.timestampBegin + Int((seconds * 50).rounded()) }

  private func cut(_ tokens: [Int], frames: Int = 3_000, timestamps: Bool = true) -> SegmentBoundaries {
    SegmentBoundaries(tokens, frames: frames, timestamps: timestamps, specials: specials)
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
    options.sequential = true
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

    var alone = history { $0.windows.conditionOnPreviousText = false }
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
}
