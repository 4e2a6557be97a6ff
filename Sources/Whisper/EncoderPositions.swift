// Which positions of a window the encoder looks at.

/// The encoder's positions of one window, in order, and how many each stands for.
///
/// Whisper looks at 30 s, most recordings are shorter, and the rest is silence. Folding keeps every position of the sound
/// and of a margin after it, and of the rest one in `step`, with its own positional embedding and with the logarithm of the
/// number of positions that it stands for added to its attention scores: as if all of them were alike.
package struct EncoderPositions: Sendable, Hashable {
  /// Positions `0..<whole` are all there.
  package var whole: Int
  /// The positions after them that are kept.
  package var kept: [Int]
  /// How many positions each row stands for; nil if one each.
  package var counts: [Int]?

  package var rows: Int { whole + kept.count }

  /// The whole window, as the reference does.
  package static func exact(positions: Int) -> EncoderPositions {
    EncoderPositions(whole: positions, kept: [], counts: nil)
  }

  /// - Parameters:
  ///   - sound: positions that hold sound.
  ///   - margin: positions after them that are kept.
  ///   - step: of what comes after, one position in so many is kept.
  package static func folded(positions: Int, sound: Int, margin: Int, step: Int) -> EncoderPositions {
    let whole = min(positions, sound + margin)
    guard positions - whole >= 2 * step else { return exact(positions: positions) }
    let kept = Array(stride(from: whole, to: positions, by: step))
    let counts =
      [Int](repeating: 1, count: whole) + kept.map { min(step, positions - $0) }
    return EncoderPositions(whole: whole, kept: kept, counts: counts)
  }
}
