// Where text without timestamps is cut, and that the chunks of a recording come back as sentences with times.

import Dispatch
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import Synchronization
import Testing

@testable import Swiftlet

@Suite struct SentenceTests {
  @Test(arguments: [
    ("en", [" We went.", " He said \"no.\"", " Why?", " \"Ask!\"", " So"]),
    ("en", [" Mr. Quilter met J. S. Bach of the U.S. Army at No. 7."]),
    ("en", [" It is 3.5 metres... or so.", " In 1999.", " Version 2.", " Done"]),
    ("en", [" no marks at all"]),
    ("fr", [" Vraiment ?", " Oui, M. Dupont !", " Bon."]),
    ("ja", ["昨夜はよく眠れましたか？", "はい。", "「そう。」", "そして"]),
  ])
  func textIsCutBehindItsSentences(code: String, sentences: [String]) throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51_865)
    let tokens = tokenizer.encode(sentences.joined())
    let ranges = tokenizer.sentences(of: tokens, language: try Language(code))
    #expect(ranges.map { tokenizer.decode(Array(tokens[$0])) } == sentences)
    #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == tokens.count)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
  }

  @Test func whatHasMoreThanTextInItStaysWhole() throws {
    let tokenizer = try Tokenizer.bundled(vocabularySize: 51_864)
    #expect(tokenizer.sentences(of: [], language: nil).isEmpty)
    let tokens = tokenizer.encode(" One. Two.") + [tokenizer.specials.timestampBegin]
    #expect(tokenizer.sentences(of: tokens, language: nil) == [0..<tokens.count])
  }

  private static let recording = Fixtures.url("speech/long/1688-142285.opus").path

  /// Neither times nor the lack of them change what is written.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func chunksComeBackAsSentences() async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    let sentences = try await transcriber.transcribe(.file(path: Self.recording), options: options).segments
    #expect(Set(sentences.map(\.windowStart)).count > 2 && sentences.count > 5)
    #expect(sentences.dropLast().count { ".?!".contains($0.text.last ?? " ") } > sentences.count * 2 / 3)
    #expect(zip(sentences, sentences.dropFirst()).allSatisfy { $0.end <= $1.start })
    #expect(sentences.allSatisfy { $0.start <= $0.end && $0.words == nil })
    options.windows.timestamps = false
    #expect(
      try await transcriber.transcribe(.file(path: Self.recording), options: options).segments == sentences)
    options.words.timestamps = true
    let timed = try await transcriber.transcribe(.file(path: Self.recording), options: options).segments
    #expect(timed.map(\.tokens) == sentences.map(\.tokens))
    #expect(timed.map(\.start) == sentences.map(\.start) && timed.map(\.end) == sentences.map(\.end))
    #expect(timed.allSatisfy { $0.words?.first?.start == $0.start && $0.words?.last?.end == $0.end })
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func whoeverStopsListeningStopsTheOtherChunks() async throws
  {
    let transcriber = try await TestModels.ownTranscriber(concurrency: 1)
    var options = TranscriptionOptions()
    options.voiceActivity.batchSize = 1
    let (all, some) = (Counter(), Counter())
    for try await _ in transcriber.segments(
      of: .file(path: Self.recording), options: options, progress: all.count)
    {}
    // The work waits after its first chunk until nobody listens any more.
    let left = DispatchSemaphore(value: 0)
    for try await _ in transcriber.segments(
      of: .file(path: Self.recording), options: options,
      progress: {
        some.count($0)
        if some.value == 2 { left.wait() }
      })
    {
      break
    }
    left.signal()
    // Waits for its place until nothing of the other is at work any more.
    let segments = try await transcriber.transcribe(.file(path: Fixtures.url("speech/jfk.flac").path))
      .segments
    #expect(segments.first?.text.hasPrefix("And so my fellow Americans") == true)
    #expect(all.value > 2 && some.value < all.value)
  }

  private final class Counter: Sendable {
    private let calls = Mutex(0)
    var value: Int { calls.withLock { $0 } }
    @Sendable func count(_: TranscriptionProgress) { calls.withLock { $0 += 1 } }
  }
}
