// Work on long sound ends soon after nobody wants it any more.

import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct CancellationTests {
  @Test func voiceActivityEndsInMidSound() async throws {
    let detector = try VoiceActivityDetector()
    var generator = SeededGenerator(seed: 5)
    let sound = (0..<600_000).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
    #expect(
      try detector.activity(in: sound, stop: StopFlag()) == detector.activity(in: sound),
      "piece by piece is as whole")
    // Ten minutes of noise, some seconds of work: it is stopped when it has begun.
    let long = (0..<16).reduce(into: [Float]()) { all, _ in all += sound }
    let stop = StopFlag()
    let work = Task { try await onThread { try detector.activity(in: long, stop: stop) } }
    try await Task.sleep(for: .milliseconds(50))
    stop.set()
    await #expect(throws: CancellationError.self) { try await work.value }
  }

  @Test func whatIsStoppedWithAnotherIsStopped() throws {
    let parent = StopFlag()
    let child = StopFlag(also: parent)
    let other = StopFlag(also: parent)
    child.set()
    #expect(child.isSet && !parent.isSet && !other.isSet)
    parent.set()
    #expect(other.isSet)
    #expect(throws: CancellationError.self) { try other.check() }
  }

  /// Noise without end, until its reading is cancelled.
  private final class Endless: SampleSource {
    private(set) var reads = 0
    func read(upTo count: Int) throws(AudioError) -> [Float] {
      if reads == 5 { throw .cancelled(file: "noise") }
      reads += 1
      return [Float](repeating: 0.1, count: count)
    }
  }

  /// Both ways of reading ahead: to the end of the recording for its loudest moment, and to a clip far away.
  @Test(.slow, arguments: [(WindowPadding.zeros, 0), (.silence, 1_000_000_000)])
  func readingAheadEndsWhenItIsStopped(padding: WindowPadding, frame: Int) throws {
    let endless = Endless()
    let source = LogMelSource(
      decoder: endless, bins: 80, padding: padding)
    #expect((try? source.window(at: frame)) == nil || padding == .zeros)
    #expect(endless.reads == 5)
  }
}
