// Work on long sound ends soon after nobody wants it any more.

import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct CancellationTests {
  @Test func voiceActivityAsksEverySecond() throws {
    let detector = try VoiceActivityDetector()
    var generator = SeededGenerator(seed: 5)
    let sound = (0..<600_000).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
    var asked = 0
    let whole = try detector.activity(in: sound) {
      asked += 1
      return false
    }
    #expect(whole == detector.activity(in: sound), "piece by piece is as whole")
    #expect(asked >= sound.count / 16_000 - 1)
    asked = 0
    #expect(throws: CancellationError.self) {
      try detector.activity(in: sound) {
        asked += 1
        return asked == 3
      }
    }
    #expect(asked == 3)
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
