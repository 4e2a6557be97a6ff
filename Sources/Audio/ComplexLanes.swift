// Complex numbers of four transforms at once.

import Foundation

/// Four numbers, one in each lane: what a register holds in every instruction set that Swift is compiled for.
typealias Lanes = SIMD4<Float>

/// A complex number of each of four transforms.
struct ComplexLanes: Sendable {
  var real: Lanes
  var imaginary: Lanes

  @inline(__always)
  init(_ real: Lanes = .zero, _ imaginary: Lanes = .zero) {
    self.real = real
    self.imaginary = imaginary
  }

  /// e^(-2πi · numerator / denominator) in every lane, computed in double precision.
  init(turn numerator: Int, of denominator: Int) {
    let angle = -2 * Double.pi * Double(numerator % denominator) / Double(denominator)
    self.init(Lanes(repeating: Float(cos(angle))), Lanes(repeating: Float(sin(angle))))
  }

  /// The square of the magnitude.
  @inline(__always)
  var power: Lanes { real * real + imaginary * imaginary }

  @inline(__always)
  static func + (a: Self, b: Self) -> Self { Self(a.real + b.real, a.imaginary + b.imaginary) }

  @inline(__always)
  static func - (a: Self, b: Self) -> Self { Self(a.real - b.real, a.imaginary - b.imaginary) }

  @inline(__always)
  static func * (a: Self, b: Self) -> Self {
    Self(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)
  }

  @inline(__always)
  static func * (a: Self, b: Float) -> Self { Self(a.real * b, a.imaginary * b) }

  /// `a - i b`.
  @inline(__always)
  static func turned(_ a: Self, minus b: Self) -> Self { Self(a.real + b.imaginary, a.imaginary - b.real) }

  /// `a + i b`.
  @inline(__always)
  static func turned(_ a: Self, plus b: Self) -> Self { Self(a.real - b.imaginary, a.imaginary + b.real) }

  /// The Fourier transform of four points.
  @inline(__always)
  static func transform(_ a: Self, _ b: Self, _ c: Self, _ d: Self) -> (Self, Self, Self, Self) {
    let (sum, otherSum) = (a + c, b + d)
    let (difference, otherDifference) = (a - c, b - d)
    return (
      sum + otherSum, turned(difference, minus: otherDifference), sum - otherSum,
      turned(difference, plus: otherDifference)
    )
  }

  /// The Fourier transform of five points.
  @inline(__always)
  static func transform(
    _ a: Self, _ b: Self, _ c: Self, _ d: Self, _ e: Self
  ) -> (Self, Self, Self, Self, Self) {
    // Cosine and sine of 2π/5 and of 4π/5.
    let (cosine1, sine1): (Float, Float) = (0.309_016_994_374_947_4, 0.951_056_516_295_153_5)
    let (cosine2, sine2): (Float, Float) = (-0.809_016_994_374_947_4, 0.587_785_252_292_473_1)
    let (outer, inner) = (b + e, c + d)
    let (outerDifference, innerDifference) = (b - e, c - d)
    let even1 = a + outer * cosine1 + inner * cosine2
    let even2 = a + outer * cosine2 + inner * cosine1
    let odd1 = outerDifference * sine1 + innerDifference * sine2
    let odd2 = outerDifference * sine2 - innerDifference * sine1
    return (
      a + outer + inner, turned(even1, minus: odd1), turned(even2, minus: odd2), turned(even2, plus: odd2),
      turned(even1, plus: odd1)
    )
  }
}

/// Lane i of vector j becomes lane j of vector i.
@inline(__always)
func transposed(_ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes) -> (Lanes, Lanes, Lanes, Lanes) {
  (
    Lanes(a[0], b[0], c[0], d[0]), Lanes(a[1], b[1], c[1], d[1]), Lanes(a[2], b[2], c[2], d[2]),
    Lanes(a[3], b[3], c[3], d[3])
  )
}
