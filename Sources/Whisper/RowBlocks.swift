// How the rows of a window are shared out among threads.

import SwiftletCompute

/// Consecutive blocks of rows that differ by one tile at most, as many for each thread, so that all threads end together; each has
/// at most ``ComputeContext/blockRows`` rows: a layer's weights are used again from cache over so many, and the wide middle of the
/// feed-forward part stays there too.
struct RowBlocks {
  private let rows: Int
  private let tile: Int
  /// Blocks in all.
  let count: Int

  init(rows: Int, _ context: ComputeContext) {
    self.rows = rows
    tile = context.tileRows
    let threads = context.pool.threads
    let tiles = (rows + tile - 1) / tile
    let each = threads * (context.blockRows / tile)
    count = min(tiles, (tiles + each - 1) / each * threads)
  }

  /// The rows of block `index`. The longer ones come first.
  subscript(index: Int) -> Range<Int> {
    let tiles = (rows + tile - 1) / tile
    let (short, longer) = tiles.quotientAndRemainder(dividingBy: count)
    func start(_ index: Int) -> Int { min(rows, tile * (index * short + min(index, longer))) }
    return start(index)..<start(index + 1)
  }
}
