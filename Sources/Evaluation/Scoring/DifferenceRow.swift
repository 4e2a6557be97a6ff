// The edit distance's table, as bits: one row, and all of them.

/// Row j of the table D, where `D[j][i]` is the edit distance between the first i tokens of one sequence and the
/// first j of another, as differences of neighbours: these are -1, 0 or 1, two bits each, and 64 of them are
/// computed at once.
///
/// Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances" (2003), figure 8, which
/// goes back to Myers (1999).
struct DifferenceRow {
  /// Bit i: `D[j][i + 1] - D[j][i] == 1`. Bits at and above the sequence's length mean nothing.
  private(set) var increments: [UInt64]
  /// Bit i: `D[j][i + 1] - D[j][i] == -1`.
  private(set) var decrements: [UInt64]

  /// Row 0 for a sequence of `count` tokens: `D[0][i] == i`.
  init(count: Int) {
    let words = (count + 63) / 64
    increments = Array(repeating: .max, count: words)
    decrements = Array(repeating: 0, count: words)
  }

  /// Goes on to the next row.
  ///
  /// - Parameter matches: bit i says whether token i is the other sequence's token of the new row.
  mutating func advance(matches: [UInt64]) {
    // D[j][0] == j: going down increments at the left margin.
    var increment: UInt64 = 1
    var decrement: UInt64 = 0
    for word in increments.indices {
      let (up, down) = (increments[word], decrements[word])
      let equal = matches[word] | decrement
      let diagonal = (((equal & up) &+ up) ^ up) | equal | down
      let downward = (plus: down | ~(diagonal | up), minus: diagonal & up)
      let plus = downward.plus << 1 | increment
      let minus = downward.minus << 1 | decrement
      increment = downward.plus >> 63
      decrement = downward.minus >> 63
      increments[word] = minus | ~(diagonal | plus)
      decrements[word] = plus & diagonal
    }
  }

  /// `D[j][i + 1] - D[j][i]`.
  func difference(at i: Int) -> Int {
    let (word, bit) = (i / 64, UInt64(i % 64))
    return Int(increments[word] >> bit & 1) - Int(decrements[word] >> bit & 1)
  }
}

/// Rows 0, 1, 2... of the table.
struct DifferenceTable {
  private let words: Int
  private var increments: [UInt64] = []
  private var decrements: [UInt64] = []

  /// - Parameter words: the number of words in each row's bits.
  init(words: Int, rows: Int) {
    self.words = words
    increments.reserveCapacity(words * rows)
    decrements.reserveCapacity(words * rows)
  }

  mutating func append(_ row: DifferenceRow) {
    increments += row.increments
    decrements += row.decrements
  }

  /// Whether `D[j][i + 1] - D[j][i]` is 1.
  func increments(row j: Int, at i: Int) -> Bool { increments[j * words + i / 64] >> UInt64(i % 64) & 1 == 1 }

  /// Whether `D[j][i + 1] - D[j][i]` is -1.
  func decrements(row j: Int, at i: Int) -> Bool { decrements[j * words + i / 64] >> UInt64(i % 64) & 1 == 1 }
}
