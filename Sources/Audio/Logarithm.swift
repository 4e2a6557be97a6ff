// The decimal logarithm of four numbers at once.

/// log10 of positive normal numbers. The error is below 3e-7 near 1 and below one part in 2^23 elsewhere; anything
/// that is not positive and normal gives an arbitrary finite number.
///
/// Powers of two are taken out so that the rest lies between √½ and √2; its natural logarithm is that of Cephes's `logf`
/// (Moshier, 1989): t - t²/2 + t³ P(t) for t = x - 1, with P of degree 8.
@inline(__always)
func log10(_ x: Lanes) -> Lanes {
  let halfRoot: Int32 = 0x3F35_04F3  // The bits of √½; those of 1 are 0x3F800000.
  // The addition carries into the exponent where the mantissa is at least √2.
  let bits = unsafeBitCast(x, to: SIMD4<Int32>.self) &+ (0x3F80_0000 - halfRoot)
  let exponent = Lanes((bits &>> 23) &- 127)
  let t = unsafeBitCast((bits & 0x007F_FFFF) &+ halfRoot, to: Lanes.self) - 1
  var p = Lanes(repeating: 7.037_683_629_2e-2)
  p = p * t - 1.151_461_031_0e-1
  p = p * t + 1.167_699_874_0e-1
  p = p * t - 1.242_014_084_6e-1
  p = p * t + 1.424_932_278_7e-1
  p = p * t - 1.666_805_766_5e-1
  p = p * t + 2.000_071_476_5e-1
  p = p * t - 2.499_999_399_3e-1
  p = p * t + 3.333_333_117_4e-1
  let natural = t + t * t * (p * t - 0.5)
  return natural * 0.434_294_481_903_251_8 + exponent * 0.301_029_995_663_981_2
}
