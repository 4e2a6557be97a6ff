// Whisper's log-mel spectrogram, before and after normalisation.

import Foundation

/// The features that Whisper was trained on (Radford et al., 2022, section 2.2; openai-whisper's `audio.py`): frames of
/// 25 ms every 10 ms under a periodic Hann window, their power in mel bins, its logarithm.
package struct LogMelSpectrogram: Sendable {
  /// Samples of a frame, and between the beginnings of two.
  package static let frameLength = 400
  package static let hop = 160
  /// What the logarithm of a frame of silence is: log10 of the smallest power that is told from zero.
  package static let floor: Float = -10

  package let bins: Int
  private let filters: MelFilterBank
  private let window: [Float]
  private let spectrum = PowerSpectrum()

  /// - Parameter bins: 80, or 128 from large-v3 on.
  package init(bins: Int) {
    self.bins = bins
    filters = MelFilterBank(bins: bins, transformSize: Self.frameLength)
    window = (0..<Self.frameLength).map {
      Float(0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(Self.frameLength)))
    }
  }

  /// log10 of the power in each mel bin, at least ``floor``, not yet normalised: `[frames, bins]`.
  ///
  /// - Parameter samples: frame *f* is samples `160 f ..< 160 f + 400`; what lies past the end is silence.
  package func logPower(of samples: [Float], frames: Int) -> [Float] {
    var spectrum = spectrum
    var result = [Float](repeating: Self.floor, count: frames * bins)
    var windowed = [Lanes](repeating: .zero, count: Self.frameLength)
    var power = [Lanes](repeating: .zero, count: PowerSpectrum.frequencies)
    for first in stride(from: 0, to: frames, by: Lanes.scalarCount) {
      for index in 0..<Self.frameLength {
        var lanes = Lanes.zero
        for lane in 0..<Lanes.scalarCount {
          let sample = (first + lane) * Self.hop + index
          if sample < samples.count { lanes[lane] = samples[sample] }
        }
        windowed[index] = lanes * window[index]
      }
      spectrum.transform(windowed, into: &power)
      for (bin, filter) in filters.filters.enumerated() {
        var sum = Lanes.zero
        for (offset, weight) in filter.weights.enumerated() { sum += power[filter.first + offset] * weight }
        for lane in 0..<min(Lanes.scalarCount, frames - first) {
          result[(first + lane) * bins + bin] = log10(max(sum[lane], 1e-10))
        }
      }
    }
    return result
  }

  /// What normalisation makes of a logarithm: eight orders of magnitude below the loudest at least, then
  /// `(x + 4) / 4`.
  package static func normalized(_ value: Float, loudest: Float) -> Float {
    (max(value, loudest - 8) + 4) / 4
  }
}
