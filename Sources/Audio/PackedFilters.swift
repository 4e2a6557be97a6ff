// A mel filter bank laid out for eight frames at once.

/// The triangles of a filter bank without their zeros, in the order in which they are used.
struct PackedFilters: Sendable {
  private struct Triangle {
    /// The first frequency.
    var first: Int
    /// Its weights' place.
    var weights: Range<Int>
  }

  private let bins: Int
  /// One a bin, and empty ones up to a multiple of four.
  private let triangles: [Triangle]
  /// Every weight in all lanes, bin after bin.
  private let weights: [Lanes]

  init(_ bank: MelFilterBank) {
    bins = bank.filters.count
    var triangles: [Triangle] = []
    var weights: [Lanes] = []
    for filter in bank.filters {
      let begin = weights.count
      weights += filter.weights.map(Lanes.init(repeating:))
      triangles.append(Triangle(first: filter.first, weights: begin..<weights.count))
    }
    while triangles.count % 4 != 0 { triangles.append(Triangle(first: 0, weights: 0..<0)) }
    self.triangles = triangles
    self.weights = weights
  }

  /// log10 of the power in each bin, to frames `first ..< first + count` of `result`.
  ///
  /// - Parameter loudest: raised to the largest value in each lane.
  func logPower(
    of power: [ComplexLanes], into result: inout [Float], first: Int, count: Int, loudest: inout Lanes
  ) {
    let power = power.span
    var target = result.mutableSpan
    for bin in stride(from: 0, to: bins, by: 4) {
      let (a, b) = (sum(power, bin), sum(power, bin + 1))
      let (c, d) = (sum(power, bin + 2), sum(power, bin + 3))
      let front = transposed(a.real, b.real, c.real, d.real)
      let back = transposed(a.imaginary, b.imaginary, c.imaginary, d.imaginary)
      let frames =
        [front.0, front.1, front.2, front.3, back.0, back.1, back.2, back.3] as InlineArray<8, Lanes>
      for frame in 0..<count {
        let sums = frames[frame]
        let logs = log10(sums).replacing(
          with: LogMelSpectrogram.floor, where: sums .<= LogMelSpectrogram.smallestPower)
        loudest.replace(with: logs, where: logs .> loudest)
        store(logs, to: &target, at: (first + frame) * bins + bin, count: bins - bin)
      }
    }
  }

  /// The power of all frames in one bin.
  @inline(__always)
  private func sum(_ power: Span<ComplexLanes>, _ bin: Int) -> ComplexLanes {
    let triangle = triangles[bin]
    var sum = ComplexLanes()
    var frequency = triangle.first
    for index in triangle.weights {
      sum.real += power[frequency].real * weights[index]
      sum.imaginary += power[frequency].imaginary * weights[index]
      frequency += 1
    }
    return sum
  }

  /// Four values, or the first `count` if those are fewer.
  @inline(__always)
  private func store(_ values: Lanes, to target: inout MutableSpan<Float>, at index: Int, count: Int) {
    if count >= 4 {
      var bytes = target.mutableBytes
      bytes.storeBytes(of: values, toByteOffset: 4 * index, as: Lanes.self)
    } else {
      for lane in 0..<count { target[index + lane] = values[lane] }
    }
  }
}
