// Sound of any rate at another rate, without FFmpeg.

import Foundation

/// Converts one channel of sound, piece by piece, with a windowed sinc: flat to 0.86 of the lower rate's Nyquist frequency, and
/// 90 dB down from 1.04 of it on.
///
/// Output sample n stands for the time of input position `n * from / to`: nothing is delayed. Before the first sample and after
/// the last there is silence.
package struct RateConverter {
  /// Samples a second that are believed: old telephones had 4000, measuring instruments have 1.5 million.
  package static let rates = 1_000...1_536_000

  /// Zero crossings of the sinc on either side.
  private static let zeroCrossings = 32.0
  private static let cutoff = 0.95
  private static let kaiserBeta = 9.0
  /// More phases than this are interpolated between.
  private static let mostPhases = 1_024
  private static let lanes = SIMD8<Float>.scalarCount

  /// The rates divided by what they have in common: `output` samples come out of `input`.
  private let input: Int
  private let output: Int
  /// Input samples on either side that an output sample is made of; `2 * reach` is a whole number of lanes.
  private let reach: Int
  private let phases: Int
  /// `[phases + 1][2 * reach]`; the last row is the first one shifted by a sample.
  private let filters: [Float]

  /// Input from position ``begin`` on.
  private var pending: [Float] = []
  private var begin: Int
  /// Of all input so far.
  private var received = 0
  /// Of all output so far.
  private var produced = 0

  /// - Parameters:
  ///   - from: samples a second of the input, one of ``rates``.
  ///   - to: samples a second of the output.
  package init(from: Int, to: Int) {
    precondition(from > 0 && to > 0)
    var (a, b) = (from, to)
    while b != 0 { (a, b) = (b, a % b) }
    input = from / a
    output = to / a
    let bandwidth = Self.cutoff * min(1, Double(to) / Double(from))
    let half = from == to ? 0 : Int((Self.zeroCrossings / bandwidth).rounded(.up))
    reach = (half + Self.lanes - 1) / Self.lanes * Self.lanes
    phases = min(output, Self.mostPhases)
    filters = Self.filters(phases: phases, reach: reach, bandwidth: bandwidth)
    begin = -reach
    pending = [Float](repeating: 0, count: reach)
  }

  private static func filters(phases: Int, reach: Int, bandwidth: Double) -> [Float] {
    guard reach > 0 else { return [] }
    let half = zeroCrossings / bandwidth
    let scale = bandwidth / bessel(kaiserBeta)
    var filters: [Float] = []
    filters.reserveCapacity((phases + 1) * 2 * reach)
    for phase in 0...phases {
      // Tap k is the input sample at k - reach + 1, seen from the output's position between 0 and 1.
      let shift = Double(phase) / Double(phases)
      for tap in 0..<2 * reach {
        let distance = Double(tap - reach + 1) - shift
        let place = distance / half
        guard abs(place) < 1 else {
          filters.append(0)
          continue
        }
        let angle = Double.pi * bandwidth * distance
        let sinc = angle == 0 ? 1 : sin(angle) / angle
        filters.append(Float(scale * sinc * bessel(kaiserBeta * (1 - place * place).squareRoot())))
      }
    }
    return filters
  }

  /// The modified Bessel function of the first kind of order 0, by its series.
  private static func bessel(_ x: Double) -> Double {
    var (sum, term, k) = (1.0, 1.0, 1.0)
    while term > sum * 1e-17 {
      term *= (x / (2 * k)) * (x / (2 * k))
      sum += term
      k += 1
    }
    return sum
  }

  /// Appends what can be made of `samples` and of those before them to `result`.
  package mutating func convert(_ samples: some Collection<Float>, into result: inout [Float]) {
    if input == output {
      result += samples
      return
    }
    pending += samples
    received += samples.count
    // The last tap of output n is at floor(n * input / output) + reach.
    produce(before: received - reach, into: &result)
  }

  /// Appends what is left. The next sample is the first of another sound.
  package mutating func flush(into result: inout [Float]) {
    if input != output, received > 0 {
      pending += repeatElement(0, count: reach + 1)
      produce(before: received, into: &result)
    }
    (begin, received, produced) = (-reach, 0, 0)
    pending = [Float](repeating: 0, count: reach)
  }

  /// Appends the output whose times lie before an input position.
  private mutating func produce(before limit: Int, into result: inout [Float]) {
    while true {
      let (position, remainder) = (produced * input).quotientAndRemainder(dividingBy: output)
      guard position < limit else { break }
      let first = position - reach + 1 - begin
      if phases == output {
        result.append(sum(at: first, phase: remainder))
      } else {
        let exact = Double(remainder) * Double(phases) / Double(output)
        let phase = min(phases - 1, Int(exact))
        let share = Float(exact - Double(phase))
        let (low, high) = (sum(at: first, phase: phase), sum(at: first, phase: phase + 1))
        result.append(low + (high - low) * share)
      }
      produced += 1
    }
    let next = produced * input / output - reach + 1
    let passed = min(pending.count, max(0, next - begin))
    pending.removeFirst(passed)
    begin += passed
  }

  private func sum(at first: Int, phase: Int) -> Float {
    pending.withUnsafeBufferPointer { samples in
      filters.withUnsafeBufferPointer { filters in
        var sum = SIMD8<Float>()
        let samples = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(samples)[(4 * first)...])
        let filter = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(filters)[(8 * phase * reach)...])
        for offset in stride(from: 0, to: 8 * reach, by: 4 * Self.lanes) {
          sum +=
            samples.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            * filter.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
        }
        return sum.sum()
      }
    }
  }
}

/// A file of floats can hold anything: what is not a number, or so large that its power would not be one, becomes silence.
func limitSamples(_ samples: inout [Float], _ range: Range<Int>) {
  var samples = samples.mutableSpan
  for index in range {
    let sample = samples[index]
    samples[index] = sample.magnitude <= 1e15 ? sample : 0
  }
}
