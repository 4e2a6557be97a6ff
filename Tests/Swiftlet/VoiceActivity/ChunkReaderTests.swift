// Chunks of speech while a recording is read: the same as with all of it at hand, and no more of it held than is needed.

import Foundation
import SwiftletAudio
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct ChunkReaderTests {
  /// Speech with pauses: two recordings, silence between and around them.
  private func sound() throws -> [Float] {
    let parts = try ["jfk.flac", "LJ001-0001.wav"].map {
      try AudioDecoder(path: Fixtures.url("speech/\($0)").path).read(upTo: 480_000)
    }
    let pauses = [3, 12, 0.7, 31, 2].map { [Float](repeating: 0, count: Int($0 * 16_000)) }
    return pauses[0] + parts[0] + pauses[1] + parts[1] + pauses[2] + parts[0] + pauses[3] + parts[1]
      + pauses[4]
  }

  private final class Source: SampleSource {
    private var rest: ArraySlice<Float>
    private let most: Int
    init(_ samples: [Float], most: Int = .max) {
      rest = samples[...]
      self.most = most
    }
    func read(upTo count: Int) throws(AudioError) -> [Float] {
      let taken = Array(rest.prefix(min(count, most)))
      rest = rest.dropFirst(taken.count)
      return taken
    }
  }

  private func chunks(_ reader: ChunkReader) -> [SpeechChunk] {
    var chunks: [SpeechChunk] = []
    while let chunk = reader.next() { chunks.append(chunk) }
    return chunks
  }

  @Test(
    .enabled(if: Fixtures.readsMedia),
    arguments: [[], [0, 9, 20, 21, 21, 47]], [30.0, 7])
  func chunksAreThoseOfTheWholeRecording(clips: [Double], longest: Double) throws {
    var options = TranscriptionOptions()
    options.clipTimestamps = clips
    options.voiceActivity.chunkLength = longest
    let samples = try sound()
    let detector = try VoiceActivityDetector()
    let activity = detector.activity(in: samples)
    let found = chunks(
      ChunkReader(Source(samples, most: 5_000), network: detector.network, options: options))
    var expected: [Range<Int>] = []
    for clip in options.clipFrames {
      expected += SpeechChunks.gathered(
        SpeechFrames.of(try activity.speech(options.voiceActivityRules), within: [clip]),
        longest: Int(100 * longest))
    }
    #expect(found.map(\.frames) == expected)
    #expect(found.count >= 2)
    for chunk in found {
      let bounds = (chunk.frames.lowerBound * 160..<chunk.frames.upperBound * 160).clamped(
        to: samples.indices)
      #expect(chunk.samples[...] == samples[bounds])
      let first = Int((chunk.start + chunk.activityStart) * 16_000 / 512 + 0.5)
      #expect(chunk.activityStart <= 0 && chunk.activityStart > -0.033)
      let whole = activity.probabilities[first..<first + chunk.activity.probabilities.count]
      #expect(zip(chunk.activity.probabilities, whole).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test func anEmptyRecordingHasNone() throws {
    let detector = try VoiceActivityDetector()
    #expect(
      chunks(ChunkReader(Source([]), network: detector.network, options: TranscriptionOptions())).isEmpty)
    let silence = [Float](repeating: 0, count: 100_000)
    let reader = ChunkReader(Source(silence), network: detector.network, options: TranscriptionOptions())
    #expect(chunks(reader).isEmpty && reader.position == 6.25)
  }

  /// Stretches of speech while they come are those of all probabilities at once.
  @Test func rangesDoNotDependOnPieces() {
    var generator = SeededGenerator(seed: 5)
    for round in 0..<300 {
      let options = VoiceActivityOptions(
        minimumSpeech: [0, 0.25][round % 2], maximumSpeech: [nil, 3, 30][round % 3], minimumSilence: 0.16,
        padding: [0.03, 0.4][round / 2 % 2])
      var level = Float(0)
      let probabilities = (0..<Int.random(in: 0...600, using: &generator)).map { _ in
        if Float.random(in: 0...1, using: &generator) < 0.05 { level = .random(in: 0...1, using: &generator) }
        return level
      }
      let length = max(0, probabilities.count * 512 - Int.random(in: 0...511, using: &generator))
      let whole = SpeechRanges.of(probabilities, length: length, options)
      var ranges = SpeechRanges(options)
      var found: [SpeechRange] = []
      var rest = probabilities[...]
      while !rest.isEmpty {
        let count = Int.random(in: 1...40, using: &generator)
        let earliest = ranges.earliest
        let new = ranges.add(Array(rest.prefix(count)))
        #expect(new.allSatisfy { $0.startSample >= earliest })
        found += new
        rest = rest.dropFirst(count)
      }
      found += ranges.finish(length: length)
      #expect(found == whole)
      #expect(zip(whole, whole.dropFirst()).allSatisfy { $0.endSample <= $1.startSample })
    }
  }
}
