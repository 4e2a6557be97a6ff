// Samples for everyone: the same as a transcriber hears.

import Foundation
import Swiftlet
import SwiftletAudio
import SwiftletTestSupport
import Synchronization
import Testing

@Suite struct DecodedAudioTests {
  private let folder = TestFolder()

  private func collect(_ pieces: some AsyncSequence<[[Float]], any Error>) async throws -> [[Float]] {
    var channels: [[Float]] = []
    for try await piece in pieces {
      if channels.isEmpty { channels = Array(repeating: [], count: piece.count) }
      for index in piece.indices { channels[index] += piece[index] }
      #expect(piece.allSatisfy { (1...1_600).contains($0.count) })
    }
    return channels
  }

  /// Two channels of noise, which differ.
  private func noise(_ count: Int) -> [[Float]] {
    var generator = SeededGenerator(seed: 3)
    return (0..<2).map { _ in (0..<count).map { _ in Float.random(in: -0.5...0.5, using: &generator) } }
  }

  private func live(_ channels: [[Float]], every length: Int = 999) -> AsyncStream<[[Float]]> {
    AsyncStream { continuation in
      for first in stride(from: 0, to: channels[0].count, by: length) {
        continuation.yield(channels.map { Array($0[first..<min(first + length, $0.count)]) })
      }
      continuation.finish()
    }
  }

  @Test(
    arguments: Fixtures.readable([
      "s24_48k_stereo.wav", "u8_8k_mono.wav", "flac_192k_5.1.flac", "opus.webm", "aac.m4a",
    ]),
    [AudioInput.Channels.mix, .separate, .one(1)])
  func filesAreWhatATranscriberHears(name: String, channels: AudioInput.Channels) async throws {
    let url = Fixtures.url("audio/\(name)")
    let selection: SoundSelection.Channels =
      switch channels {
      case .mix: .mix
      case .separate: .separate
      case .one(let number): .one(number)
      }
    let expected = try AudioDecoder(path: url.path, selection: SoundSelection(channels: selection))
      .readChannels(upTo: 10_000_000)
    #expect(try await collect(AudioInput.file(url, channels: channels).decoded()) == expected)

    let reader = try AudioReader(.file(url, channels: channels))
    #expect(reader.channelCount == expected.count && reader.duration != nil && reader.notices.isEmpty)
    #expect(try reader.read(upTo: 10_000_000) == expected)
    #expect(try reader.read(upTo: 1)[0].isEmpty)

    // A file that is open already is read from where it is, and stays open.
    let file = open(url.path, O_RDONLY)
    defer { close(file) }
    for _ in 0..<2 {
      let descriptor = AudioInput.descriptor(file, name: name, channels: channels)
      #expect(try await collect(descriptor.decoded()) == expected)
    }
    #expect(lseek(file, 0, SEEK_CUR) == 0)
  }

  @Test(arguments: [1, 2]) func liveChannelsStayApart(count: Int) async throws {
    let channels = Array(noise(20_000)[..<count])
    let sound = live(channels)
    #expect(
      try await collect(AudioInput.live(sound, channelCount: count, channels: .separate).decoded())
        == channels)
  }

  @Test func liveChannelsAreMixedOrChosen() async throws {
    let channels = noise(20_000)
    let file = try folder.write(
      WaveFile.data(
        samples: (0..<20_000).flatMap { index in channels.map { Int16(($0[index] * 32_768).rounded()) } },
        channels: 2),
      as: "two.wav")
    let samples = try AudioReader(.file(file, channels: .separate)).read(upTo: 20_000)
    let mixed = try AudioReader(.file(file)).read(upTo: 20_000)
    #expect(try await collect(AudioInput.live(live(samples), channelCount: 2).decoded()) == mixed)
    #expect(
      try await collect(AudioInput.live(live(samples), channelCount: 2, channels: .one(2)).decoded()) == [
        samples[1]
      ])
    // Both at half the rate.
    let halves = try await collect(
      AudioInput.live(live(samples), sampleRate: 32_000, channelCount: 2, channels: .separate).decoded())
    #expect(halves.map(\.count) == [10_000, 10_000] && halves[0] != halves[1])
  }

  @Test func whatCannotBeIsRefused() async throws {
    var tracked = AudioInput.live(live(noise(10)), channelCount: 2)
    tracked.track = 1
    for input in [
      tracked, .live(live(noise(10)), channelCount: 0), .live(live(noise(10)), channelCount: 256),
      .live(live(noise(10)), sampleRate: 1, channelCount: 2), .file(URL(filePath: "/nowhere"), track: 0),
    ] as [AudioInput] {
      let error = await #expect(throws: SwiftletError.self) { try await collect(input.decoded()) }
      #expect(error?.code == .invalidOptions)
      #expect((#expect(throws: SwiftletError.self) { try AudioReader(input) })?.code == .invalidOptions)
    }
    for input in [
      .live(live(noise(10)), channelCount: 2, channels: .one(3)), .file(URL(filePath: "/nowhere")),
    ] as [AudioInput] {
      let error = await #expect(throws: SwiftletError.self) { try await collect(input.decoded()) }
      #expect(error?.code == .unreadableAudio)
    }
    // A piece with another number of channels.
    let odd = await #expect(throws: SwiftletError.self) {
      try await collect(AudioInput.live(live(noise(10)), channelCount: 3).decoded())
    }
    #expect(odd?.code == .incompleteAudio)
  }

  /// An error of the library that ends live sound is not wrapped into another.
  @Test func errorsOfLiveSoundArePassedOn() async throws {
    let sound = AsyncThrowingStream<[Float], any Error> { continuation in
      continuation.yield([0.5, 0.25])
      continuation.finish(throwing: SwiftletError(.unreadableAudio, "talk.mp3 is damaged."))
    }
    var heard: [Float] = []
    let error = await #expect(throws: SwiftletError.self) {
      for try await piece in AudioInput.live(sound).decoded() { heard += piece[0] }
    }
    #expect(
      error?.code == .unreadableAudio && error?.message == "talk.mp3 is damaged." && heard == [0.5, 0.25])
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func whatCanBeReadComesBeforeTheError() async throws {
    let file = try Data(contentsOf: Fixtures.url("speech/jfk.flac"))
    let cut = try folder.write(file.prefix(file.count / 2), as: "cut.flac")
    var count = 0
    let error = await #expect(throws: SwiftletError.self) {
      for try await piece in AudioInput.file(cut).decoded() { count += piece[0].count }
    }
    #expect(error?.code == .incompleteAudio && count > 16_000)
  }

  @Test func cancellingEndsTheWait() async throws {
    let (sound, microphone) = AsyncStream<[Float]>.makeStream()
    microphone.yield([Float](repeating: 0, count: 1_600))
    let (came, signal) = AsyncStream<Void>.makeStream()
    let task = Task {
      for try await _ in AudioInput.live(sound).decoded() { signal.yield() }
    }
    for await _ in came { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    microphone.finish()
  }
}
