// How speech is gathered into chunks, and that chunks side by side say what windows one after the other do.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct SpeechChunkTests {
  @Test func chunksCoverAllSpeechInOrderAndFitIntoAWindow() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<500 {
      var speech: [Range<Int>] = []
      var frame = 0
      for _ in 0..<Int.random(in: 0...40, using: &generator) {
        frame += Int.random(in: 0...2_000, using: &generator)
        let length = Int.random(in: 0...7_000, using: &generator)
        speech.append(frame..<frame + length)
        frame += length
      }
      let chunks = SpeechChunks.gathered(speech)
      #expect(chunks.allSatisfy { (1...3_000).contains($0.count) })
      #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
      #expect(IndexSet(integersInRanges: speech).isSubset(of: IndexSet(integersInRanges: chunks)))
      let shortSpeech = speech.filter { !$0.isEmpty && $0.count <= 3_000 }
      // What fits into a window is never cut.
      #expect(shortSpeech.allSatisfy { stretch in chunks.contains { $0.contains(stretch) } })
    }
  }

  @Test func speechIsRoundedOutwardsAndClipped() {
    let speech = [
      SpeechRange(startSample: 170, endSample: 1_601), SpeechRange(startSample: 1_700, endSample: 3_200),
    ]
    #expect(SpeechFrames.of(speech, within: [0..<Int.max]) == [1..<11, 11..<20])
    #expect(SpeechFrames.of(speech, within: [0..<5, 12..<13]) == [1..<5, 12..<13])
    #expect(SpeechFrames.of(speech, within: [30..<40]).isEmpty)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: [false, true])
  func chunksSideBySideSayTheSame(wordTimestamps: Bool) async throws {
    let transcriber = try await TestModels.transcriber()
    let path = Fixtures.url("speech/jfk.flac").path
    var options = TranscriptionOptions()
    options.sequential = true
    options.words.timestamps = wordTimestamps
    let expected = try await transcriber.transcribe(.file(path: path), options: options).segments
    for (sequential, filter) in [(false, false), (true, true)] {
      options.sequential = sequential
      options.voiceActivity.filter = filter
      let segments = try await transcriber.transcribe(.file(path: path), options: options).segments
      #expect(words(of: segments) == words(of: expected))
      #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.end <= $1.start })
      #expect(segments.allSatisfy { (0...11.5).contains($0.start) && (0...11.5).contains($0.end) })
    }
  }

  private func words(of segments: [Segment]) -> [String] {
    segments.flatMap { $0.text.lowercased().split { !$0.isLetter }.map(String.init) }
  }

  @Test(.slow) func whatNeedsWindowsInTheirOrderIsRefusedWithout() async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    try transcriber.check(options)
    options.windows.conditionOnPreviousText = true
    #expect(throws: SwiftletError.self) { try transcriber.check(options) }
    options.windows.conditionOnPreviousText = nil
    options.voiceActivity.filter = true
    #expect(throws: SwiftletError.self) { try transcriber.check(options) }
    options.sequential = true
    try transcriber.check(options)
    options.voiceActivity.batchSize = 0
    #expect(throws: SwiftletError.self) { try transcriber.check(options) }
  }

  @Test(.slow, arguments: [false, true], [1, 31])
  func silenceSaysNothing(batched: Bool, seconds: Int) async throws {
    let transcriber = try await TestModels.transcriber()
    let url = TestFolder.place("silence.wav")
    defer { try? FileManager.default.removeItem(at: url) }
    try WaveFile.data(samples: [Int16](repeating: 0, count: seconds * 16_000)).write(to: url)
    var options = TranscriptionOptions()
    options.sequential = !batched
    #expect(try await transcriber.transcribe(.file(path: url.path), options: options).segments.isEmpty)
  }
}

extension IndexSet {
  fileprivate init(integersInRanges ranges: [Range<Int>]) {
    self.init()
    for range in ranges where !range.isEmpty { insert(integersIn: range) }
  }

  fileprivate func isSubset(of other: IndexSet) -> Bool { subtracting(other).isEmpty }
}
