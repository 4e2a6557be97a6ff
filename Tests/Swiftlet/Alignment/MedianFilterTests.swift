// The median over seven neighbours, against sorting.

import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct MedianFilterTests {
  /// Sorts the seven values around each, those beyond the ends mirrored.
  private func plain(_ values: [Float]) -> [Float] {
    guard values.count > 3 else { return values }
    return values.indices.map { index in
      let neighbours = (index - 3...index + 3).map { place in
        let inside = abs(place)
        return values[inside < values.count ? inside : 2 * (values.count - 1) - inside]
      }
      return neighbours.sorted()[3]
    }
  }

  @Test func everyLength() {
    var generator = SeededGenerator(seed: 61)
    var filter = MedianFilter()
    for length in Array(0...70) + [1_499, 1_500] {
      let values = (0..<length).map { _ in Float.random(in: -2...2, using: &generator) }
      let ties = (0..<length).map { _ in Float(Int.random(in: 0...3, using: &generator)) }
      for row in [values, ties] {
        // Neighbours of the range are no part of it.
        var found = [9, 9, 9, 9] + row + [-9, -9, -9, -9]
        filter.filter(&found, 4..<4 + length)
        #expect(found == [9, 9, 9, 9] + plain(row) + [-9, -9, -9, -9], "\(length)")
      }
    }
  }

  /// A network of exchanges that sorts out every choice of zeros and ones does so for all values (Knuth, 5.3.4).
  @Test func everyOrderOfSeven() {
    var filter = MedianFilter()
    for bits in 0..<128 {
      var values = (0..<7).map { Float(bits >> $0 & 1) }
      filter.filter(&values, 0..<7)
      #expect(values[3] == (bits.nonzeroBitCount > 3 ? 1 : 0))
    }
  }
}
