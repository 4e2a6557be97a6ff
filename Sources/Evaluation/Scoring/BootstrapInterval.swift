// How far an error rate could be off, if other utterances of the same kind had been recorded.

/// The interval that holds the error rate of all utterances together with 95 % confidence.
///
/// The percentile bootstrap (Efron, 1979; for word error rates: Bisani and Ney, "Bootstrap estimates for confidence
/// intervals in ASR performance evaluation", 2004): as many utterances as there are get drawn from them, with
/// replacement, `resamples` times; the interval is what lies between the 2.5th and the 97.5th percentile of the
/// rates. The same counts and seed give the same interval on every machine.
///
/// - Returns: nil if the references have no tokens at all.
package func bootstrapInterval(
  of utterances: [EditCounts], resamples: Int = 1000, seed: UInt64 = 1
) -> ClosedRange<Double>? {
  guard resamples > 0, utterances.contains(where: { $0.referenceCount > 0 }) else { return nil }
  var generator = MultiplicativeGenerator(seed: seed)
  var rates: [Double] = []
  while rates.count < resamples {
    var (errors, tokens) = (0, 0)
    for _ in utterances.indices {
      let utterance = utterances[Int.random(in: utterances.indices, using: &generator)]
      errors += utterance.errors
      tokens += utterance.referenceCount
    }
    // A draw of nothing but empty references has no rate; the next one will do.
    if tokens > 0 { rates.append(Double(errors) / Double(tokens)) }
  }
  rates.sort()
  return percentile(0.025, of: rates)...percentile(0.975, of: rates)
}

/// A percentile of sorted values, between neighbours on a straight line, as NumPy's default is.
private func percentile(_ fraction: Double, of sorted: [Double]) -> Double {
  let place = fraction * Double(sorted.count - 1)
  let below = Int(place)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
}

/// The upper half of a 128-bit multiplicative congruential generator; the multiplier is from Steele and Vigna,
/// "Computationally easy, spectrally good multipliers for congruential pseudorandom number generators" (2022).
private struct MultiplicativeGenerator: RandomNumberGenerator {
  private var state: UInt128

  /// The state has to be odd; seeds differ in the half that is seen.
  init(seed: UInt64) { state = UInt128(seed) << 64 | 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &*= 0xDA94_2042_E4DD_58B5
    return UInt64(truncatingIfNeeded: state >> 64)
  }
}
