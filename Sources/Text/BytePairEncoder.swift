// Byte-pair encoding of one word: the merging itself.

/// Encodes pieces of text by merging neighbours, lowest rank first (Sennrich, Haddow and Birch, 2016), from
/// single bytes upwards. A pair's rank is the id of the token that both together spell, as in tiktoken.
///
/// The candidates wait in a heap, so that a piece of n bytes takes O(n log n) and a megabyte of letters
/// without a space does not hang. The scratch arrays live as long as the encoder: one for each call of
/// `Tokenizer.encode`.
struct BytePairEncoder {
  private let table: TokenTable
  private var heap = MinimumHeap()
  /// Where the part that begins at an offset ends; 0 if none begins there.
  private var ends: [Int] = []
  /// Where the part before the one that begins at an offset begins.
  private var previous: [Int] = []
  /// The id of the part that begins at an offset joined with its right neighbour; `none` if no token spells
  /// that.
  private var joined: [UInt64] = []

  private static let none = UInt64.max
  /// A heap entry is a rank above this many bits of offset: the leftmost of equal ranks comes first.
  private static let offsetBits: UInt64 = 40

  init(table: TokenTable) { self.table = table }

  /// Appends to `tokens` the ids of `text[piece]`. Every single byte must have a token.
  mutating func encode(_ text: [UInt8], _ piece: Range<Int>, into tokens: inout [Int]) {
    if let whole = table.id(of: text, piece) {
      tokens.append(whole)
      return
    }
    let count = piece.count
    prepare(text, piece)
    while let entry = heap.popSmallest() {
      let start = Int(entry & (1 << Self.offsetBits - 1))
      // A part that has been merged since leaves its entry behind.
      guard ends[start] > 0, joined[start] == entry >> Self.offsetBits else { continue }
      let middle = ends[start]
      let end = ends[middle]
      ends[start] = end
      ends[middle] = 0
      if end < count { previous[end] = start }
      join(text, piece.lowerBound, start, count)
      if start > 0 { join(text, piece.lowerBound, previous[start], count) }
    }
    var start = 0
    while start < count {
      let part = piece.lowerBound + start..<piece.lowerBound + ends[start]
      if let id = table.id(of: text, part) { tokens.append(id) }
      start = ends[start]
    }
  }

  /// Begins with every byte a part of its own.
  private mutating func prepare(_ text: [UInt8], _ piece: Range<Int>) {
    let count = piece.count
    heap.removeAll()
    ends.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    joined.removeAll(keepingCapacity: true)
    ends.append(contentsOf: 1...count)
    previous.append(contentsOf: -1..<count - 1)
    joined.append(contentsOf: repeatElement(Self.none, count: count))
    for start in 0..<count { join(text, piece.lowerBound, start, count) }
  }

  /// Looks up what the part at `start` makes with its right neighbour.
  private mutating func join(_ text: [UInt8], _ base: Int, _ start: Int, _ count: Int) {
    let middle = ends[start]
    guard middle < count, let id = table.id(of: text, base + start..<base + ends[middle]) else {
      joined[start] = Self.none
      return
    }
    joined[start] = UInt64(id)
    heap.insert(UInt64(id) << Self.offsetBits | UInt64(start))
  }
}
