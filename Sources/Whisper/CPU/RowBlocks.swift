// How the rows of a window are shared out among threads.

import SwiftletCompute

/// Consecutive blocks of rows that differ by one unit of work at most, as many for each thread, so that all threads end together.
/// Each has at most ``ComputeContext/blockRows`` rows: a layer's weights are used again from cache over so many, and the wide
/// middle of the feed-forward part stays there too.
struct RowBlocks {
  private let rows: Int
  private let unit: Int
  /// Blocks in all.
  let count: Int

  init(rows: Int, _ context: ComputeContext) {
    self.rows = rows
    unit = context.workRows
    let threads = context.pool.threads
    let units = (rows + unit - 1) / unit
    let each = threads * (context.blockRows / unit)
    count = min(units, (units + each - 1) / each * threads)
  }

  /// The rows of block `index`. The longer ones come first.
  subscript(index: Int) -> Range<Int> {
    let units = (rows + unit - 1) / unit
    let (short, longer) = units.quotientAndRemainder(dividingBy: count)
    func start(_ index: Int) -> Int { min(rows, unit * (index * short + min(index, longer))) }
    return start(index)..<start(index + 1)
  }
}
