// The shortest way from one sequence to another, in little memory.

/// The edit operations, as few as possible, that turn `reference` into `hypothesis` (Levenshtein, 1966).
///
/// Several ways can be equally short and yet differ in how many substitutions, deletions and insertions there are.
/// This is the one that rapidfuzz finds (read and tested against 3.14.6), hence jiwer: see `EditPath`.
///
/// Takes time in proportion to the product of the lengths, divided by 64, and a megabyte of memory besides what is
/// in proportion to their sum.
package func editOperations<Token: Hashable>(
  reference: some Collection<Token>, hypothesis: some Collection<Token>
) -> [EditOperation] {
  var ids: [Token: Int] = [:]
  func number(_ tokens: some Collection<Token>) -> [Int] {
    tokens.map { token in
      if let id = ids[token] { return id }
      let id = ids.count
      ids[token] = id
      return id
    }
  }
  let (reference, hypothesis) = (number(reference), number(hypothesis))
  var path = EditPath(reference: reference, hypothesis: hypothesis, kinds: ids.count)
  path.find(reference.indices, hypothesis.indices, atMost: max(reference.count, hypothesis.count))
  return path.operations
}

/// Finds the path piece by piece.
///
/// A piece loses the tokens that both sides begin and end with. If its table is small, the path is read off it from
/// the end: a deletion where there can be one; else an insertion, if that leaves fewer edits before it than a match or
/// substitution would; else one of those. If the table is large, the hypothesis is cut in the middle and the reference at the first place where both halves
/// together are as short as can be (Hirschberg, 1975), and both are pieces again.
private struct EditPath {
  private let reference: [Int]
  private let hypothesis: [Int]
  /// Where each kind of token is in the reference, in order.
  private var places: [[Int]]
  private(set) var operations: [EditOperation] = []

  /// A table of this many bytes is large; where the cut is made decides between equally short paths, so that
  /// rapidfuzz's limit must be ours.
  private static let largeTable = 1 << 20

  init(reference: [Int], hypothesis: [Int], kinds: Int) {
    self.reference = reference
    self.hypothesis = hypothesis
    places = Array(repeating: [], count: kinds)
    for (place, kind) in reference.enumerated() { places[kind].append(place) }
    operations.reserveCapacity(max(reference.count, hypothesis.count))
  }

  /// Appends the operations between two ranges that are no more than `limit` edits apart.
  mutating func find(_ source: Range<Int>, _ target: Range<Int>, atMost limit: Int) {
    let shorter = min(source.count, target.count)
    var first = 0
    while first < shorter, reference[source.lowerBound + first] == hypothesis[target.lowerBound + first] {
      first += 1
    }
    var last = 0
    while last < shorter - first,
      reference[source.upperBound - 1 - last] == hypothesis[target.upperBound - 1 - last]
    {
      last += 1
    }
    operations.append(contentsOf: repeatElement(.match, count: first))
    findDiffering(
      source.lowerBound + first..<source.upperBound - last,
      target.lowerBound + first..<target.upperBound - last,
      atMost: limit)
    operations.append(contentsOf: repeatElement(.match, count: last))
  }

  private mutating func findDiffering(_ source: Range<Int>, _ target: Range<Int>, atMost limit: Int) {
    // Paths with few edits stay near the diagonal: what rapidfuzz takes for the table's size.
    let band = min(source.count, 2 * min(limit, max(source.count, target.count)) + 1)
    if 2 * band * target.count / 8 < Self.largeTable || source.count < 65 || target.count < 10 {
      return readOff(source, target)
    }
    let middle = target.lowerBound + target.count / 2
    let before = distances(source, target.lowerBound..<middle, backward: false)
    let after = distances(source, middle..<target.upperBound, backward: true)
    var cut = 0
    for i in before.indices
    where before[i] + after[source.count - i] < before[cut] + after[source.count - cut] {
      cut = i
    }
    let place = source.lowerBound + cut
    find(source.lowerBound..<place, target.lowerBound..<middle, atMost: before[cut])
    find(place..<source.upperBound, middle..<target.upperBound, atMost: after[source.count - cut])
  }

  /// Edit distances between the first 0, 1, 2... tokens of `source` and all of `target`; backward, between the last
  /// ones.
  private func distances(_ source: Range<Int>, _ target: Range<Int>, backward: Bool) -> [Int] {
    var sweep = Sweep(over: source, backward: backward)
    for j in target {
      let token = hypothesis[backward ? target.upperBound - 1 - (j - target.lowerBound) : j]
      sweep.advance(to: token, at: places[token])
    }
    var distances = [target.count]
    distances.reserveCapacity(source.count + 1)
    for i in 0..<source.count { distances.append(distances[i] + sweep.row.difference(at: i)) }
    return distances
  }

  private mutating func readOff(_ source: Range<Int>, _ target: Range<Int>) {
    var sweep = Sweep(over: source, backward: false)
    var table = DifferenceTable(words: sweep.row.increments.count, rows: target.count + 1)
    table.append(sweep.row)
    for token in hypothesis[target] {
      sweep.advance(to: token, at: places[token])
      table.append(sweep.row)
    }
    var reversed: [EditOperation] = []
    var (i, j) = (source.count, target.count)
    while i > 0, j > 0 {
      if table.increments(row: j, at: i - 1) {
        reversed.append(.deletion)
        i -= 1
      } else if table.decrements(row: j - 1, at: i - 1) {
        reversed.append(.insertion)
        j -= 1
      } else {
        i -= 1
        j -= 1
        let same = reference[source.lowerBound + i] == hypothesis[target.lowerBound + j]
        reversed.append(same ? .match : .substitution)
      }
    }
    operations.append(contentsOf: repeatElement(.deletion, count: i))
    operations.append(contentsOf: repeatElement(.insertion, count: j))
    operations.append(contentsOf: reversed.reversed())
  }
}

/// Goes down the table over a range of the reference.
private struct Sweep {
  private(set) var row: DifferenceRow
  private let source: Range<Int>
  private let backward: Bool
  /// All zero between uses.
  private var rare: [UInt64]
  /// Masks of tokens that are more often in the reference than a mask has words: at most 64 of them.
  private var frequent: [Int: [UInt64]] = [:]

  init(over source: Range<Int>, backward: Bool) {
    self.source = source
    self.backward = backward
    row = DifferenceRow(count: source.count)
    rare = Array(repeating: 0, count: (source.count + 63) / 64)
  }

  /// - Parameter places: where the token is in the reference, in order.
  mutating func advance(to token: Int, at places: [Int]) {
    if let mask = frequent[token] { return row.advance(matches: mask) }
    let first = places.partitioningIndex { $0 >= source.lowerBound }
    let end = places.partitioningIndex { $0 >= source.upperBound }
    for place in places[first..<end] {
      let i = index(of: place)
      rare[i / 64] |= 1 << UInt64(i % 64)
    }
    row.advance(matches: rare)
    if end - first > rare.count { frequent[token] = rare }
    for place in places[first..<end] { rare[index(of: place) / 64] = 0 }
  }

  private func index(of place: Int) -> Int {
    backward ? source.upperBound - 1 - place : place - source.lowerBound
  }
}

extension [Int] {
  /// The first index whose element fulfils `condition`, which all later ones do as well; by halving.
  fileprivate func partitioningIndex(where condition: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
