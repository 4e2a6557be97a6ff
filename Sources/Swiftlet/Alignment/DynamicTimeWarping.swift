// Dynamic time warping: the cheapest way through a matrix that never goes back.

/// The path from the first to the last cell of `costs`, `[rows, columns]`, that goes a row down, a column right, or both
/// at each step and whose costs add up to the least (Sakoe and Chiba, 1978).
///
/// Sums are fp32 and a diagonal or downward step is taken only where it is strictly the cheapest, as in openai-whisper's
/// `dtw_cpu`. Time and memory are in proportion to `rows · columns`; a trace takes a byte a cell.
///
/// - Returns: for each row, the columns that the path goes through in it.
func warpedPath(_ costs: [Float], rows: Int, columns: Int) -> [ClosedRange<Int>] {
  precondition(costs.count == rows * columns && rows > 0 && columns > 0)
  var steps = [Step](repeating: .right, count: rows * columns)
  /// What the cheapest way to each cell of the row above and of this row costs; the first entry is left of the matrix.
  var above = [Float](repeating: .infinity, count: columns + 1)
  var sums = above
  above[0] = 0
  for row in 0..<rows {
    sums[0] = .infinity
    warp(costs.span, row: row, above: above.span, sums: &sums, steps: &steps)
    swap(&above, &sums)
  }

  var path = [ClosedRange<Int>](repeating: 0...0, count: rows)
  var row = rows - 1
  var column = columns - 1
  var last = column
  while true {
    // Outside the matrix there is nothing to go through: the first row leads left, the first column up.
    let step =
      row == 0 ? (column == 0 ? .diagonal : .right) : column == 0 ? .down : steps[row * columns + column]
    if step != .right {
      path[row] = column...last
      if row == 0 { return path }
      row -= 1
    }
    if step != .down { column -= 1 }
    if step != .right { last = column }
  }
}

/// How a path comes to a cell.
private enum Step: UInt8 {
  case diagonal
  case down
  case right
}

private func warp(
  _ costs: Span<Float>, row: Int, above: Span<Float>, sums: inout [Float], steps: inout [Step]
) {
  let columns = sums.count - 1
  let costs = costs.extracting(row * columns..<(row + 1) * columns)
  var sums = sums.mutableSpan
  var steps = steps.mutableSpan
  var left = sums[0]
  var corner = above[0]
  for column in 0..<columns {
    let up = above[column + 1]
    var best = left
    var step = Step.right
    if corner < up && corner < left {
      best = corner
      step = .diagonal
    } else if up < corner && up < left {
      best = up
      step = .down
    }
    left = costs[column] + best
    corner = up
    sums[column + 1] = left
    steps[row * columns + column] = step
  }
}
