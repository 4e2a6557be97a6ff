// Quiet recordings are heard like loud ones.

import Foundation
import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct QuietSoundTests {
  private func tone(_ amplitude: Float) -> [Float] {
    (0..<QuietSound.piece).map { amplitude * sin(Float($0) * 0.1) }
  }

  private func level(_ samples: [Float]) -> Float {
    (samples.reduce(0) { $0 + $1 * $1 } / Float(samples.count)).squareRoot()
  }

  @Test func soundOfAUsualLevelPassesThrough() {
    var sound = QuietSound()
    #expect(sound.raised(tone(0.1)) == tone(0.1))
    // Nor is a pause after it raised.
    for _ in 0..<60 { #expect(sound.raised(tone(0.001)) == tone(0.001)) }
    #expect(sound.raised([]) == [])
  }

  @Test func quietSoundIsRaised() {
    var sound = QuietSound()
    #expect(abs(level(sound.raised(tone(0.002))) - 0.05) < 0.001)
    // By what was loudest, so that its pauses stay pauses.
    #expect(level(sound.raised(tone(0.0002))) < 0.006)
    // Silence stays silence, and nothing leaves [-1, 1].
    #expect(level(sound.raised(tone(0))) == 0)
    var other = QuietSound()
    var click = [Float](repeating: 0, count: QuietSound.piece)
    click[100] = 1
    #expect(other.raised(click).allSatisfy { (-1...1).contains($0) })
    // What becomes loud is left alone again.
    #expect(sound.raised(tone(0.3)) == tone(0.3))
  }

  /// 40 dB below the recording, the same words.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func quietSpeechIsTranscribed() async throws {
    let decoder = try AudioDecoder(path: Fixtures.url("speech/jfk.flac").path)
    let samples = try decoder.read(upTo: 30 * 16_000)
    let url = TestFolder.place("quiet.wav")
    defer { try? FileManager.default.removeItem(at: url) }
    try WaveFile.data(samples: samples.map { Int16(($0 * 327.67).rounded()) }).write(to: url)
    let transcriber = try await TestModels.transcriber()
    let text = try await transcriber.transcribe(.file(path: url.path)).segments.map(\.text).joined(
      separator: " ")
    #expect(text.contains("ask not what your country can do for you"))
    #expect(try VoiceActivityDetector().activity(in: samples.map { $0 / 100 }).speech().isEmpty == false)
  }
}
