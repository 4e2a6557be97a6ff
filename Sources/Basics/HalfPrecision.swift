// Numbers of 16 bits, to fp32 and back.

/// The bits of an fp32 number equal to the IEEE 754 half-precision number with the bits `half`; exact.
///
/// Written without a branch, so that the compiler makes vector code of a loop over it: Swift's own `Float16`
/// goes through a library call an element on x86-64 unless the compiler may assume F16C.
@inlinable
@inline(__always)
package func halfToFloat(_ half: UInt16) -> Float {
  let magnitude = UInt32(half & 0x7FFF) &<< 13
  let sign = UInt32(half & 0x8000) &<< 16
  // The exponent's bias goes from 15 to 127; infinities and NaNs keep an exponent of all ones.
  let normal = magnitude &+ (112 << 23)
  let infinite = magnitude &+ (224 << 23)
  // A subnormal half, put below the leading one of 2^-14, is 2^-14 too large; the subtraction is exact.
  let smallest = Float(bitPattern: 0x3880_0000)
  let subnormal = (Float(bitPattern: 0x3880_0000 &+ magnitude) - smallest).bitPattern
  let bits = magnitude < 0x0080_0000 ? subnormal : (magnitude >= 0x0F80_0000 ? infinite : normal)
  return Float(bitPattern: bits | sign)
}

/// To the nearest, ties to even; what is too large becomes the largest finite half.
@inlinable
package func floatToHalf(_ value: Float) -> UInt16 {
  let limited = max(-65_504, min(65_504, value))
  let bits = limited.bitPattern
  let sign = UInt16(truncatingIfNeeded: (bits >> 16) & 0x8000)
  let magnitude = bits & 0x7fff_ffff
  if magnitude < 0x3880_0000 {
    // Subnormal as a half: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits.
    let shifted = Float(bitPattern: magnitude) + 0.5
    return sign | UInt16(truncatingIfNeeded: shifted.bitPattern &- 0x3f00_0000)
  }
  let rounded = magnitude &+ 0xfff &+ ((magnitude >> 13) & 1)
  return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
}

/// The fp32 number whose upper half `bits` is; exact.
@inlinable
@inline(__always)
package func bfloat16ToFloat(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) &<< 16) }

/// To the nearest, ties to even; NaN stays NaN.
@inlinable
package func floatToBFloat16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(bits >> 16) | 0x40 }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
}
