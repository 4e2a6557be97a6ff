// Dynamic time warping, against the definition.

import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct TimeWarpingTests {
  /// The reference's way through, cell by cell: a diagonal or a downward step where it is the cheapest of the three by
  /// itself, else a step to the right.
  private func plain(_ costs: [[Float]]) -> [ClosedRange<Int>] {
    let (rows, columns) = (costs.count, costs[0].count)
    var sums = [[Float]](repeating: [Float](repeating: .infinity, count: columns + 1), count: rows + 1)
    var from = [[(Int, Int)]](repeating: [(Int, Int)](repeating: (0, 1), count: columns + 1), count: rows + 1)
    sums[0][0] = 0
    for row in 1...rows {
      for column in 1...columns {
        let (diagonal, down, right) =
          (sums[row - 1][column - 1], sums[row - 1][column], sums[row][column - 1])
        if diagonal < down, diagonal < right {
          from[row][column] = (1, 1)
        } else if down < diagonal, down < right {
          from[row][column] = (1, 0)
        }
        let (up, left) = from[row][column]
        sums[row][column] = costs[row - 1][column - 1] + sums[row - up][column - left]
      }
    }
    var cells: [(Int, Int)] = []
    var (row, column) = (rows, columns)
    while row > 0, column > 0 {
      cells.append((row - 1, column - 1))
      let (up, left) = from[row][column]
      (row, column) = (row - up, column - left)
    }
    return (0..<rows).map { row in
      let columns = cells.filter { $0.0 == row }.map(\.1)
      return (columns.min() ?? 0)...(columns.max() ?? 0)
    }
  }

  private func cost(of path: [ClosedRange<Int>], _ costs: [[Float]]) -> Float {
    zip(path, costs).reduce(0) { sum, pair in sum + pair.0.reduce(0) { $0 + pair.1[$1] } }
  }

  /// The least that any path costs, tried one after the other.
  private func least(_ costs: [[Float]], _ row: Int = 0, _ column: Int = 0) -> Float {
    let here = costs[row][column]
    let (lastRow, lastColumn) = (row == costs.count - 1, column == costs[0].count - 1)
    if lastRow, lastColumn { return here }
    var best = Float.infinity
    if !lastRow { best = min(best, least(costs, row + 1, column)) }
    if !lastColumn { best = min(best, least(costs, row, column + 1)) }
    if !lastRow, !lastColumn { best = min(best, least(costs, row + 1, column + 1)) }
    return here + best
  }

  private func random(
    _ rows: Int, _ columns: Int, ties: Bool, _ generator: inout SeededGenerator
  ) -> [[Float]] {
    (0..<rows).map { _ in
      (0..<columns).map { _ in
        ties
          ? Float(Int.random(in: -2...2, using: &generator)) : Float.random(in: -3...3, using: &generator)
      }
    }
  }

  @Test(arguments: [false, true]) func pathsAreTheReferences(ties: Bool) {
    var generator = SeededGenerator(seed: 62)
    for (rows, columns) in [(1, 1), (1, 9), (9, 1), (2, 2), (5, 40), (40, 5), (33, 33), (60, 700)] {
      for _ in 0..<20 {
        let costs = random(rows, columns, ties: ties, &generator)
        let path = warpedPath(costs.flatMap(\.self), rows: rows, columns: columns)
        #expect(path == plain(costs), "\(rows), \(columns)")
      }
    }
  }

  @Test func noPathIsCheaper() {
    var generator = SeededGenerator(seed: 63)
    for (rows, columns) in [(1, 6), (6, 1), (3, 3), (4, 6), (6, 4), (5, 5)] {
      for _ in 0..<20 {
        // Without ties: the reference breaks some for the worse.
        let costs = random(rows, columns, ties: false, &generator)
        let path = warpedPath(costs.flatMap(\.self), rows: rows, columns: columns)
        for (one, next) in zip(path, path.dropFirst()) {
          #expect((0...1).contains(next.lowerBound - one.upperBound))
        }
        #expect(path[0].lowerBound == 0 && path[rows - 1].upperBound == columns - 1)
        #expect(cost(of: path, costs) <= least(costs) + 1e-4)
      }
    }
  }
}
