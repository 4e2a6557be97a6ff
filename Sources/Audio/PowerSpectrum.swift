// The power spectrum of eight real frames of 400 samples at once.

import Foundation

/// Eight frames, one in each lane.
typealias Lanes = SIMD8<Float>

/// A Fourier transform of 400 real samples through a complex one of 200 = 5 · 5 · 4 · 2 points, in Stockham's
/// self-sorting order (Van Loan, "Computational Frameworks for the Fast Fourier Transform", 1992, section 1.7).
/// Twiddles are computed in double precision.
struct PowerSpectrum: Sendable {
  static let size = 400
  /// Frequencies from 0 to half the sample rate.
  static let frequencies = size / 2 + 1
  private static let points = size / 2
  private static let factors = [5, 5, 4, 2]

  private struct Complex: Sendable {
    var real: Float
    var imaginary: Float
    /// e^(-2πi · numerator / denominator).
    init(_ numerator: Int, over denominator: Int) {
      let angle = -2 * Double.pi * Double(numerator % denominator) / Double(denominator)
      real = Float(cos(angle))
      imaginary = Float(sin(angle))
    }
  }

  private struct Pass: Sendable {
    let radix: Int
    /// `e^(-2πi jk / radix)`, `[radix, radix]`.
    let butterfly: [Complex]
    /// `e^(-2πi pk / n)` with n the length that is left, `[n / radix, radix]`.
    let twiddles: [Complex]
  }

  private let passes: [Pass]
  private let split: [Complex]
  private var real: [Lanes]
  private var imaginary: [Lanes]
  private var nextReal: [Lanes]
  private var nextImaginary: [Lanes]

  init() {
    var passes: [Pass] = []
    var length = Self.points
    for radix in Self.factors {
      let table = (0..<radix * radix).map { Complex($0 / radix * ($0 % radix), over: radix) }
      let twiddles = (0..<length).map { Complex($0 / radix * ($0 % radix), over: length) }
      passes.append(Pass(radix: radix, butterfly: table, twiddles: twiddles))
      length /= radix
    }
    self.passes = passes
    split = (0...Self.points).map { Complex($0, over: Self.size) }
    real = [Lanes](repeating: .zero, count: Self.points)
    imaginary = real
    nextReal = real
    nextImaginary = real
  }

  /// - Parameters:
  ///   - frames: the windowed samples, `[400]`.
  ///   - power: `|X(k)|²`, `[201]`.
  mutating func transform(_ frames: [Lanes], into power: inout [Lanes]) {
    // Even samples are the real part, odd ones the imaginary part of half as many points.
    for point in 0..<Self.points {
      real[point] = frames[2 * point]
      imaginary[point] = frames[2 * point + 1]
    }
    var stride = 1
    for pass in passes {
      run(pass, stride: stride)
      swap(&real, &nextReal)
      swap(&imaginary, &nextImaginary)
      stride *= pass.radix
    }
    for k in 0...Self.points {
      let (a, b) = (k % Self.points, (Self.points - k) % Self.points)
      let evenReal = (real[a] + real[b]) * 0.5
      let evenImaginary = (imaginary[a] - imaginary[b]) * 0.5
      let oddReal = (imaginary[a] + imaginary[b]) * 0.5
      let oddImaginary = (real[b] - real[a]) * 0.5
      let w = split[k]
      let x = evenReal + (oddReal * w.real - oddImaginary * w.imaginary)
      let y = evenImaginary + (oddReal * w.imaginary + oddImaginary * w.real)
      power[k] = x * x + y * y
    }
  }

  private mutating func run(_ pass: Pass, stride: Int) {
    let radix = pass.radix
    let count = Self.points / (stride * radix)
    for p in 0..<count {
      for k in 0..<radix {
        let twiddle = pass.twiddles[p * radix + k]
        for q in 0..<stride {
          var x = Lanes.zero
          var y = Lanes.zero
          for j in 0..<radix {
            let w = pass.butterfly[j * radix + k]
            let source = q + stride * (p + count * j)
            x += real[source] * w.real - imaginary[source] * w.imaginary
            y += real[source] * w.imaginary + imaginary[source] * w.real
          }
          let target = q + stride * (radix * p + k)
          nextReal[target] = x * twiddle.real - y * twiddle.imaginary
          nextImaginary[target] = x * twiddle.imaginary + y * twiddle.real
        }
      }
    }
  }
}
