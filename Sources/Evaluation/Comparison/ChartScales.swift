// The axes of pictures: from values to places, with marks at round numbers.

import Foundation

/// Positive values along an axis on which equal distances are equal ratios, with marks at 1, 2 and 5 times powers of ten.
struct LogarithmicScale {
  /// At 0 and at 1 of the axis.
  let first: Double
  let last: Double
  let marks: [Double]

  /// From the last mark below all values to the first above them.
  ///
  /// - Parameter values: positive; of none the scale is from 1 to 10.
  init(_ values: [Double]) {
    let (low, high) = (values.min() ?? 1, values.max() ?? 10)
    let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.down)) + 1
    let all = decades.flatMap { decade in [1.0, 2, 5].map { $0 * pow(10, Double(decade)) } }
    let begin = all.lastIndex { $0 <= low } ?? 0
    let end = all.firstIndex { $0 >= high && $0 > all[begin] } ?? all.count - 1
    marks = Array(all[begin...end])
    first = all[begin]
    last = all[end]
  }

  /// Where a value is, from 0 to 1.
  func place(_ value: Double) -> Double { log(value / first) / log(last / first) }
}

/// Values along an axis with marks at round numbers.
struct LinearScale {
  let first: Double
  let last: Double
  let marks: [Double]

  /// With about `count` marks, and room around the values.
  init(_ values: [Double], marks count: Int = 6) {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    let raw = max(high - low, 1) / Double(count - 2)
    let magnitude = pow(10, log10(raw).rounded(.down))
    let step = ([1.0, 2, 5].first { $0 * magnitude >= raw } ?? 10) * magnitude
    let begin = max(0, ((low - step / 2) / step).rounded(.down))
    let end = max(begin + 1, ((high + step / 2) / step).rounded(.up))
    marks = stride(from: begin, through: end, by: 1).map { $0 * step }
    first = begin * step
    last = end * step
  }

  func place(_ value: Double) -> Double { (value - first) / (last - first) }
}
