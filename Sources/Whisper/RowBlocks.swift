// How the rows of a window are shared out among threads.

/// Consecutive blocks of rows that differ by one tile at most, as many for each thread, so that all threads end together; each has
/// at most ``longest`` rows.
struct RowBlocks {
  /// A layer's weights are used again from the second-level cache over so many rows, and the wide middle of the feed-forward
  /// part stays there too.
  static let longest = 48
  /// Rows that the products' inner loop takes at once, on most machines.
  private static let tile = 6

  private let rows: Int
  /// Blocks in all.
  let count: Int

  init(rows: Int, threads: Int) {
    self.rows = rows
    let tiles = (rows + Self.tile - 1) / Self.tile
    let each = threads * (Self.longest / Self.tile)
    count = min(tiles, (tiles + each - 1) / each * threads)
  }

  /// The rows of block `index`. The longer ones come first.
  subscript(index: Int) -> Range<Int> {
    let tiles = (rows + Self.tile - 1) / Self.tile
    let (short, longer) = tiles.quotientAndRemainder(dividingBy: count)
    func start(_ index: Int) -> Int { min(rows, Self.tile * (index * short + min(index, longer))) }
    return start(index)..<start(index + 1)
  }
}
