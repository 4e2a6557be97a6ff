// The middle of a few measurements, and how far they lie apart.

import Foundation

/// Median and range.
package struct Spread: Codable, Hashable, Sendable {
  package let median: Double
  package let minimum: Double
  package let maximum: Double

  /// Nil of nothing. Of an even number of values the median lies between the two in the middle.
  package init?(_ values: [Double]) {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    minimum = first
    maximum = last
    let half = sorted.count / 2
    median = sorted.count.isMultiple(of: 2) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[half]
  }

  /// `1.23 (1.20-1.30)`, without the range where it is one value.
  func text(digits: Int) -> String {
    let middle = String(format: "%.\(digits)f", median)
    guard minimum < maximum else { return middle }
    return middle + String(format: " (%.\(digits)f-%.\(digits)f)", minimum, maximum)
  }
}
