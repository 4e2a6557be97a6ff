// The median over seven neighbours.

/// Replaces each value by the median of the seven around it; beyond the ends, the values are mirrored about the first and
/// the last (openai-whisper's `median_filter` with a width of 7). Fewer than four values stay as they are.
struct MedianFilter {
  static let width = 7
  private static let reach = width / 2
  private typealias Lanes = SIMD8<Float>
  /// The mirrored values, filled up to whole lanes.
  private var padded: [Float] = []

  /// Filters `values[range]` in place.
  mutating func filter(_ values: inout [Float], _ range: Range<Int>) {
    let count = range.count
    let reach = Self.reach
    guard count > reach else { return }
    let lanes = Lanes.scalarCount
    let groups = (count + lanes - 1) / lanes
    let first = range.lowerBound
    let last = range.upperBound - 1
    padded.removeAll(keepingCapacity: true)
    padded.reserveCapacity(groups * lanes + 2 * reach)
    for offset in 0..<reach { padded.append(values[first + reach - offset]) }
    padded.append(contentsOf: values[range])
    for offset in 0..<reach { padded.append(values[last - 1 - offset]) }
    padded.append(contentsOf: repeatElement(0, count: groups * lanes - count))
    let bytes = padded.span.bytes
    for group in 0..<groups {
      let start = group * lanes
      @inline(__always) func neighbour(_ offset: Int) -> Lanes {
        bytes.unsafeLoadUnaligned(fromByteOffset: 4 * (start + offset), as: Lanes.self)
      }
      let median = Self.median(
        neighbour(0), neighbour(1), neighbour(2), neighbour(3), neighbour(4), neighbour(5), neighbour(6))
      for lane in 0..<min(lanes, count - start) { values[first + start + lane] = median[lane] }
    }
  }

  /// The median of seven by thirteen exchanges (Devillard, "Fast median search", 1998).
  @inline(__always)
  private static func median(
    _ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes, _ e: Lanes, _ f: Lanes, _ g: Lanes
  ) -> Lanes {
    var (a, b, c, d, e, f, g) = (a, b, c, d, e, f, g)
    exchange(&a, &f)
    exchange(&a, &d)
    exchange(&b, &g)
    exchange(&c, &e)
    exchange(&a, &b)
    exchange(&d, &f)
    exchange(&c, &g)
    exchange(&c, &d)
    exchange(&d, &g)
    exchange(&e, &f)
    exchange(&b, &e)
    exchange(&b, &d)
    exchange(&d, &e)
    return d
  }

  @inline(__always)
  private static func exchange(_ low: inout Lanes, _ high: inout Lanes) {
    let isOrdered = low .< high
    (low, high) = (high.replacing(with: low, where: isOrdered), low.replacing(with: high, where: isOrdered))
  }
}
