// The triangular filters that sum a power spectrum into mel bins.

import Foundation

/// Slaney's mel filter bank, as `librosa.filters.mel(sr=16000, n_fft=400, n_mels=bins)` makes it: linear below 1 kHz and
/// logarithmic above (Slaney, "Auditory Toolbox", Interval Research 1998-010), each triangle of area 1 over hertz.
package struct MelFilterBank: Sendable {
  /// One triangle: weights of consecutive frequencies.
  struct Filter: Sendable {
    var first: Int
    var weights: [Float]
  }

  let filters: [Filter]

  package init(bins: Int, transformSize: Int = 400, sampleRate: Double = 16_000) {
    let top = Self.mel(ofHertz: sampleRate / 2)
    let edges = (0...bins + 1).map { Self.hertz(ofMel: top * Double($0) / Double(bins + 1)) }
    filters = (0..<bins).map { bin in
      let (low, centre, high) = (edges[bin], edges[bin + 1], edges[bin + 2])
      let weights = (0...transformSize / 2).map { index in
        let frequency = Double(index) * sampleRate / Double(transformSize)
        let height = min((frequency - low) / (centre - low), (high - frequency) / (high - centre))
        return Float(max(0, height) * 2 / (high - low))
      }
      let first = weights.firstIndex { $0 > 0 } ?? 0
      let last = weights.lastIndex { $0 > 0 } ?? -1
      return Filter(first: first, weights: first <= last ? Array(weights[first...last]) : [])
    }
  }

  /// 66.7 Hz a mel up to 1 kHz (15 mel); 27 mel for each factor of 6.4 above.
  private static func mel(ofHertz hertz: Double) -> Double {
    hertz < 1_000 ? hertz * 3 / 200 : 15 + log(hertz / 1_000) * 27 / log(6.4)
  }

  private static func hertz(ofMel mel: Double) -> Double {
    mel < 15 ? mel * 200 / 3 : 1_000 * exp((mel - 15) * log(6.4) / 27)
  }
}
