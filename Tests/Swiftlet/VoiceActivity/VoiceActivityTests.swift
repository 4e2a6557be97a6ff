// Silero's network and rules, against what they were recorded to make of the same sound.

import Foundation
import Swiftlet
import SwiftletTestSupport
import Testing

@Suite struct VoiceActivityTests {
  private struct Recorded: Decodable {
    var probabilities: [Float]
    var ranges: [[Int]]
    var length: Int?
    var options: Options?

    struct Options: Decodable {
      var threshold: Double?
      var neg_threshold: Double?
      var min_speech_duration_ms: Double?
      var max_speech_duration_s: Double?
      var min_silence_duration_ms: Double?
      var speech_pad_ms: Double?

      var ours: VoiceActivityOptions {
        VoiceActivityOptions(
          threshold: threshold ?? 0.5, exitThreshold: neg_threshold,
          minimumSpeech: (min_speech_duration_ms ?? 250) / 1_000, maximumSpeech: max_speech_duration_s,
          minimumSilence: (min_silence_duration_ms ?? 100) / 1_000, padding: (speech_pad_ms ?? 30) / 1_000)
      }
    }

    var expected: [SpeechRange] { ranges.map { SpeechRange(startSample: $0[0], endSample: $0[1]) } }
  }

  private func recorded<Value: Decodable>(_ name: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: Fixtures.url("voice-activity/\(name)")))
  }

  private let jfk = Fixtures.url("speech/jfk.flac").path

  @Test(.enabled(if: Fixtures.readsMedia)) func probabilitiesAreSileros() async throws {
    let expected: Recorded = try recorded("jfk.json")
    let detector = try VoiceActivityDetector()
    let activity = try await detector.activity(of: .file(path: jfk))
    #expect(activity.sampleCount == 176_000)
    #expect(activity.duration == 11)
    try #require(activity.probabilities.count == expected.probabilities.count)
    let difference = zip(activity.probabilities, expected.probabilities).map { abs($0 - $1) }.max() ?? 1
    #expect(difference < 1e-4, "the issue asks for 1e-3")
    #expect(try activity.speech() == expected.expected)
    #expect(try await detector.speech(in: .file(path: jfk)) == expected.expected)
    #expect(expected.expected.first?.start == Double(expected.ranges[0][0]) / 16_000)
  }

  @Test func rangesAreSileros() throws {
    let cases: [Recorded] = try recorded("ranges.json")
    #expect(cases.count == 60)
    for (index, expected) in cases.enumerated() {
      let activity = VoiceActivity(
        probabilities: expected.probabilities, sampleCount: try #require(expected.length))
      let options = try #require(expected.options).ours
      #expect(try activity.speech(options) == expected.expected, "case \(index)")
    }
  }

  /// However the sound is cut into calls, and whatever other sound the detector hears meanwhile.
  @Test func everyCallBeginsWithAnEmptyMemory() throws {
    let detector = try VoiceActivityDetector()
    var generator = SeededGenerator(seed: 3)
    let noise = (0..<40_000).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
    let first = detector.probabilities(of: noise)
    #expect(first.count == (noise.count + 511) / 512)
    #expect(detector.probabilities(of: noise) == first)
    #expect(Array(detector.probabilities(of: Array(noise.prefix(10 * 512)))) == Array(first.prefix(10)))
    #expect(first.allSatisfy { (0...1).contains($0) })
    #expect(try detector.speech(in: noise).isEmpty)
  }

  @Test func nothingIsSpokenInSilence() throws {
    let detector = try VoiceActivityDetector()
    #expect(detector.probabilities(of: []) == [])
    #expect(try detector.speech(in: []) == [])
    #expect(try detector.speech(in: [Float](repeating: 0, count: 100_001)) == [])
    #expect(detector.probabilities(of: [0.5]).count == 1)
  }

  @Test func whatCannotBeReadIsSaid() async throws {
    let detector = try VoiceActivityDetector()
    let error = await #expect(throws: (any Error).self) {
      try await detector.speech(in: .file(path: "/nowhere/talk.flac"))
    }
    #expect(error.map { "\($0)" } == "/nowhere/talk.flac: no such file.")
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func aCancelledTaskGetsNothing() async throws {
    let detector = try VoiceActivityDetector()
    let path = jfk
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await detector.activity(of: .file(path: path))
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test(arguments: [
    VoiceActivityOptions(threshold: 1.5), VoiceActivityOptions(exitThreshold: -0.1),
    VoiceActivityOptions(threshold: .nan), VoiceActivityOptions(minimumSpeech: -1),
    VoiceActivityOptions(minimumSilence: .infinity), VoiceActivityOptions(maximumSpeech: 0.05),
    VoiceActivityOptions(maximumSpeech: 1, padding: 0.5), VoiceActivityOptions(padding: 1e300),
  ])
  func optionsThatCannotBeMeantAreRefused(_ options: VoiceActivityOptions) {
    #expect(throws: SwiftletError.self) { try options.check() }
  }
}
