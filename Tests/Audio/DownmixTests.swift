// Two channels to one.

import Testing

@testable import SwiftletAudio

@Suite struct DownmixTests {
  private func mixed(_ left: [Float], _ right: [Float], pieces: Int = 1_000) -> [Float] {
    var downmix = Downmix()
    var output: [Float] = []
    for begin in stride(from: 0, to: left.count, by: pieces) {
      let range = begin..<min(begin + pieces, left.count)
      downmix.add(left[range], right[range], to: &output)
    }
    downmix.flush(to: &output)
    return output
  }

  private let voice = (0..<40_000).map { Float(($0 * $0) % 4_099) / 4_099 - 0.5 }
  private let other = (0..<40_000).map { Float(($0 * $0 * 3) % 4_093) / 4_093 - 0.5 }

  @Test func stereoIsAddedUp() {
    #expect(mixed(voice, other) == zip(voice, other).map { Downmix.gain * ($0 + $1) })
    #expect(mixed(voice, other, pieces: 77) == mixed(voice, other))
  }

  @Test func oppositePhaseIsHeard() {
    let inverted = voice.map { -$0 }
    let result = mixed(voice, inverted)
    #expect(result.count == voice.count)
    // From the second block on it is the left channel.
    #expect(result[160...] == voice[160...].map { Downmix.gain * ($0 + $0) }[...])
  }

  @Test func theWiringMayChange() {
    let right = voice.enumerated().map { $0 < 16_000 ? $1 : -$1 }
    let result = mixed(voice, right)
    let power = { (samples: ArraySlice<Float>) in samples.reduce(0) { $0 + $1 * $1 } }
    #expect(power(result[32_000...]) > 1.8 * power(voice[32_000...]))
    #expect(result[..<16_000] == voice[..<16_000].map { Downmix.gain * ($0 + $0) }[...])
  }

  /// Silence and rooms, whose channels have little to do with each other, change nothing.
  @Test func silenceIsSilence() {
    #expect(
      mixed([Float](repeating: 0, count: 500), [Float](repeating: 0, count: 500)).allSatisfy { $0 == 0 })
  }
}
