// Samples at another rate.

import SwiftletAudio

/// Converts live samples of one channel to 16 kHz, the rate that Whisper and voice activity are made for.
///
/// ``AudioInput/live(_:sampleRate:)`` does this by itself; here it is for ``VoiceActivityStream``.
public struct SampleRateConverter: Sendable {
  private var converter: RateConverter?

  /// Converts samples of a rate.
  ///
  /// - Parameter rate: samples a second, 1,000 to 1,536,000.
  /// - Throws: ``SwiftletError/Code/invalidOptions`` for another rate.
  public init(from rate: Int) throws(SwiftletError) {
    guard RateConverter.rates.contains(rate) else {
      throw .invalid(
        "Samples at \(rate) Hz can't be converted; the rate must be \(RateConverter.rates.lowerBound) to \(RateConverter.rates.upperBound) Hz.",
        subject: "rate")
    }
    converter = rate == AudioDecoder.sampleRate ? nil : RateConverter(from: rate, to: AudioDecoder.sampleRate)
  }

  /// The samples that are certain now; they are a few milliseconds behind what was given.
  public mutating func convert(_ samples: [Float]) -> [Float] {
    guard converter != nil else { return samples }
    var result: [Float] = []
    converter?.convert(samples, into: &result)
    return result
  }
}
