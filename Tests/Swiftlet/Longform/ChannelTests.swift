// Speakers in channels of their own: each is transcribed by itself, and their segments come in the order of their times.

import Foundation
import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct ChannelTests {
  private func segment(_ start: Double, _ end: Double) -> Segment {
    Segment(start: start, end: end, text: "\(start)", tokens: [], language: "en")
  }

  @Test func segmentsComeAsSoonAsNoneCanComeBefore() {
    var merge = SegmentMerge(channels: 2, labels: true)
    #expect(merge.add([segment(0, 2), segment(3, 4)], channel: 0, known: [5, 0]).isEmpty)
    #expect(merge.add([segment(1, 2)], channel: 1, known: [5, 2.5]).map(\.start) == [0, 1])
    // What is known does not become less.
    #expect(merge.add([segment(3, 9), segment(10, 11)], channel: 1, known: [1, 12]).map(\.start) == [3, 3])
    let rest = merge.add([segment(11, 12)], channel: 0, known: [.infinity, 12]) + merge.finish()
    #expect(rest.map(\.start) == [10, 11] && rest.map(\.channel) == [2, 1])
  }

  @Test func oneChannelPassesThrough() {
    var merge = SegmentMerge(channels: 1, labels: false)
    #expect(merge.add([segment(0, 2)], channel: 0, known: [1]).map(\.channel) == [nil])
    #expect(merge.finish().isEmpty)
  }

  /// Two recordings in the channels of one file.
  private func call() throws -> URL {
    let voices = try ["jfk.flac", "LJ001-0002.wav"].map {
      try AudioDecoder(path: Fixtures.url("speech/\($0)").path).read(upTo: 480_000)
    }
    let count = voices.map(\.count).max() ?? 0
    func integer(_ sample: Float) -> Int16 { Int16(max(-1, min(sample, 1)) * 32_767) }
    let samples = (0..<count).flatMap { index in voices.map { index < $0.count ? integer($0[index]) : 0 } }
    let url = TestFolder.place("call.wav")
    try WaveFile.data(samples: samples, channels: 2).write(to: url)
    return url
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: [false, true]) func eachChannelIsHeardByItself(
    sequential: Bool
  ) async throws {
    let url = try call()
    defer { try? FileManager.default.removeItem(at: url) }
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    options.sequential = sequential
    let segments = try await transcriber.transcribe(.file(url, channels: .separate), options: options)
      .segments
    #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.start <= $1.start })
    for (channel, words) in [(1, "And so my fellow Americans"), (2, "being comparatively modern")] {
      let text = segments.filter { $0.channel == channel }.map(\.text).joined(separator: " ")
      #expect(text.contains(words), "\(text)")
      let alone = try await transcriber.transcribe(
        .file(url, channels: .one(channel)), options: options
      ).segments
      #expect(alone.map(\.text).joined(separator: " ") == text)
      #expect(alone.allSatisfy { $0.channel == nil })
    }
    let error = await #expect(throws: SwiftletError.self) {
      try await transcriber.transcribe(.file(url, channels: .one(3)), options: options)
    }
    #expect(error?.code == .unreadableAudio && error?.subject == url.path)
  }
}
