// The conversion of rates that needs no FFmpeg, against tones whose samples are known.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletAudio

@Suite struct RateConverterTests {
  private static let rates = [
    1_000, 7_999, 8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000, 192_000, 1_536_000,
  ]

  private func tone(_ frequency: Double, rate: Int, count: Int) -> [Float] {
    (0..<count).map { Float(0.5 * cos(2 * Double.pi * frequency * Double($0) / Double(rate) + 0.3)) }
  }

  private func converted(_ samples: [Float], from rate: Int, pieces: [Int] = []) -> [Float] {
    var converter = RateConverter(from: rate, to: 16_000)
    var result: [Float] = []
    var rest = samples[...]
    for piece in pieces {
      converter.convert(rest.prefix(piece), into: &result)
      rest = rest.dropFirst(piece)
    }
    converter.convert(rest, into: &result)
    converter.flush(into: &result)
    return result
  }

  /// The largest difference away from the ends, before and after which there is silence.
  private func error(_ found: [Float], _ expected: [Float], rate: Int) -> Float {
    let margin = 40 * max(1, (16_000 + rate - 1) / rate)
    return zip(found, expected).dropFirst(margin).dropLast(margin).map { ($0 - $1).magnitude }.max()
      ?? .infinity
  }

  @Test(.slow, arguments: Self.rates) func tonesKeepTheirTimes(rate: Int) {
    let nyquist = Double(min(rate, 16_000)) / 2
    let count = max(400, rate / 4)
    for share in [0, 0.1, 0.5, 0.86] {
      let found = converted(tone(share * nyquist, rate: rate, count: count), from: rate)
      #expect(found.count == (count * 16_000 + rate - 1) / rate)
      let expected = tone(share * nyquist, rate: 16_000, count: found.count)
      #expect(error(found, expected, rate: rate) < 1e-4, "\(share) of \(nyquist) Hz")
    }
  }

  /// What the lower rate can't hold must not turn up as something else.
  @Test(.slow, arguments: Self.rates.filter { $0 > 16_000 }) func higherTonesAreRemoved(rate: Int) {
    for frequency in [8_320.0, 9_000, 10_900] {
      let found = converted(tone(frequency, rate: rate, count: rate / 4), from: rate)
      let silence = [Float](repeating: 0, count: found.count)
      #expect(error(found, silence, rate: rate) < 3e-5, "\(frequency) Hz")
    }
  }

  @Test(.slow, arguments: Self.rates) func piecesMakeNoDifference(rate: Int) {
    let samples = tone(333, rate: rate, count: max(500, rate / 10))
    let whole = converted(samples, from: rate)
    #expect(converted(samples, from: rate, pieces: [1, 0, 2, 3, 160, 1, 77]) == whole)
    var converter = RateConverter(from: rate, to: 16_000)
    for _ in 0..<2 {
      var again: [Float] = []
      converter.convert(samples, into: &again)
      converter.flush(into: &again)
      #expect(again == whole, "after a flush another sound begins")
    }
  }

  @Test func nothingBecomesNothing() {
    for rate in Self.rates {
      #expect(converted([], from: rate).isEmpty)
      #expect(converted([0.5], from: rate).count == (16_000 + rate - 1) / rate)
    }
    #expect(converted([0.5, -1, 2], from: 16_000) == [0.5, -1, 2])
  }
}
