// Every kind of input gives the same words.

import Foundation
import SwiftletAudio
import SwiftletFiles
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite(.slow) struct AudioInputTests {
  private let jfk = Fixtures.url("speech/jfk.flac")
  private static let beginning = "And so my fellow Americans ask not"

  private func transcriber() async throws -> Transcriber {
    try await TestModels.transcriber()
  }

  private func samples() throws -> [Float] { try AudioDecoder(path: jfk.path).read(upTo: 1_000_000) }

  private func words(_ text: String) -> String {
    text.filter { $0.isLetter || $0 == " " }
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func everyKindGivesTheWords() async throws {
    let transcriber = try await transcriber()
    let samples = try samples()
    let pieces = AsyncStream<[Float]> { continuation in
      for first in stride(from: 0, to: samples.count, by: 12_345) {
        continuation.yield(Array(samples[first..<min(first + 12_345, samples.count)]))
      }
      continuation.finish()
    }
    let expected = try await transcriber.transcribe(.file(jfk))
    #expect(words(expected.text).hasPrefix(Self.beginning))
    #expect(expected.duration == 11 && expected.language == "en" && (expected.timings?.tokens ?? 0) > 10)
    for input in [.data(try Data(contentsOf: jfk)), .samples(samples), .live(pieces)] as [AudioInput] {
      let transcript = try await transcriber.transcribe(input)
      #expect(transcript.text == expected.text && transcript.duration == 11)
    }
  }

  /// Half the rate, by leaving out every other sample of speech that has little above 4 kHz.
  @Test(.enabled(if: Fixtures.readsMedia)) func otherRatesAreConverted() async throws {
    let transcriber = try await transcriber()
    let samples = try samples()
    let half = stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
    let double = samples.flatMap { [$0, $0] }
    let live = AsyncStream<[Float]> { continuation in
      for first in stride(from: 0, to: half.count, by: 999) {
        continuation.yield(Array(half[first..<min(first + 999, half.count)]))
      }
      continuation.finish()
    }
    for input in [
      .samples(half, sampleRate: 8_000), .samples(double, sampleRate: 32_000), .live(live, sampleRate: 8_000),
    ] as [AudioInput] {
      let transcript = try await transcriber.transcribe(input)
      #expect(words(transcript.text).hasPrefix(Self.beginning), "\(transcript.text)")
      #expect((transcript.duration - 11).magnitude < 0.01)
    }
  }

  /// 22.05 kHz, as a file and as samples, with FFmpeg and without.
  @Test func uncompressedSoundNeedsNoFFmpeg() async throws {
    let url = Fixtures.url("speech/LJ001-0001.wav")
    let file = try await transcriber().transcribe(.file(url))
    #expect(words(file.text).hasPrefix("Printing in the only sense with which we are at present concern"))
    let integers = try Data(contentsOf: url).dropFirst(44).withUnsafeBytes {
      Array($0.bindMemory(to: Int16.self))
    }
    let samples = try await transcriber().transcribe(
      .samples(integers.map { Float($0) / 32_768 }, sampleRate: 22_050))
    #expect(words(samples.text) == words(file.text) && (samples.duration - file.duration).magnitude < 0.01)
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func aNameNeedNotBeText() async throws {
    let folder = TestFolder()
    let name = Array("\(folder.path)/caf".utf8) + [0xE9]
    try SystemFiles.write(Array(try Data(contentsOf: jfk)), into: String(pathBytes: name))
    let transcript = try await transcriber().transcribe(.file(pathBytes: name))
    #expect(words(transcript.text).hasPrefix(Self.beginning))
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func aDataSliceIsReadFromItsStart() async throws {
    let file = try Data(contentsOf: jfk)
    let slice = (Data(repeating: 7, count: 100) + file).dropFirst(100)
    #expect(slice.startIndex == 100)
    let transcript = try await transcriber().transcribe(.data(slice))
    #expect(words(transcript.text).hasPrefix(Self.beginning))
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func whatIsNoSoundBecomesSilence() async throws {
    var samples = try samples()
    samples[100] = .nan
    samples[200] = .infinity
    samples[300] = -1e30
    let transcript = try await transcriber().transcribe(.samples(samples))
    #expect(words(transcript.text).hasPrefix(Self.beginning))
    #expect(try await transcriber().transcribe(.samples([])).segments.isEmpty)
  }

  @Test func whatCannotBeIsRefused() async throws {
    let transcriber = try await transcriber()
    var tracked = AudioInput.samples([0])
    tracked.track = 1
    var separate = AudioInput.samples([0])
    separate.channels = .separate
    for input in [
      tracked, separate, .samples([0], sampleRate: 0), .samples([0], sampleRate: .max),
      .file(jfk, track: 0), .file(jfk, channels: .one(-1)),
      .file(try #require(URL(string: "https://example.org/talk.mp3"))),
    ] {
      let error = await #expect(throws: SwiftletError.self) { try await transcriber.transcribe(input) }
      #expect(error?.code == .invalidOptions)
    }
    let separated = await #expect(throws: SwiftletError.self) {
      for try await _ in transcriber.stream(.file(jfk, channels: .separate)) {}
    }
    #expect(separated?.code == .invalidOptions)
    for input in [.data(Data()), .data(Data("not a recording".utf8)), .file(URL(filePath: "/nowhere"))]
      as [AudioInput]
    {
      let error = await #expect(throws: SwiftletError.self) { try await transcriber.transcribe(input) }
      #expect(error?.code == .unreadableAudio && error?.partialResult == nil)
    }
  }

  private struct Unplugged: Error {}

  /// What was said before a failure is not lost.
  @Test(.enabled(if: Fixtures.readsMedia)) func theTranscriptBeforeAFailureIsThere() async throws {
    let transcriber = try await transcriber()
    let samples = try samples()
    let cut = AsyncThrowingStream<[Float], any Error> { continuation in
      continuation.yield(samples)
      continuation.yield([Float](repeating: 0, count: 32_000))
      continuation.finish(throwing: Unplugged())
    }
    let error = await #expect(throws: SwiftletError.self) { try await transcriber.transcribe(.live(cut)) }
    #expect(error?.code == .incompleteAudio && error?.message.contains("Unplugged") == true)
    let transcript = try #require(error?.partialResult as? Transcript)
    #expect(words(transcript.text).hasPrefix(Self.beginning))
    let file = try Data(contentsOf: jfk)
    let damaged = await #expect(throws: SwiftletError.self) {
      try await VoiceActivityDetector().activity(of: .data(file.prefix(file.count / 2)))
    }
    #expect((damaged?.partialResult as? VoiceActivity)?.duration ?? 0 > 3)
  }

  /// A microphone that nobody listens to any more is left alone.
  @Test(.enabled(if: Fixtures.readsMedia)) func liveSoundIsLetGo() async throws {
    let transcriber = try await transcriber()
    let (sound, microphone) = AsyncStream<[Float]>.makeStream()
    let (opened, signal) = AsyncStream<Void>.makeStream()
    let task = Task { try await transcriber.transcribe(.live(sound), progress: { _ in signal.yield() }) }
    microphone.yield(try samples())
    for await _ in opened { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    var ended = false
    for _ in 0..<3_000 where !ended {
      if case .terminated = microphone.yield([0]) { ended = true }
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(ended)
  }
}

@Suite struct ChannelTextTests {
  @Test func channelsAreWrittenAndRead() {
    for (channels, text) in [(AudioInput.Channels.mix, "mix"), (.separate, "separate"), (.one(3), "3")] {
      #expect(channels.description == text && AudioInput.Channels(text) == channels)
    }
    for text in ["", "0", "-1", "Mix", "1.5", "one"] { #expect(AudioInput.Channels(text) == nil) }
  }
}
