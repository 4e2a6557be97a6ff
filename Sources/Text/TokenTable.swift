// The byte strings of the ordinary tokens, findable both ways.

/// The tokens that stand for text, numbered from zero in the order of their merge ranks.
///
/// The bytes lie one after the other in a single array; the way back, from bytes to an id, is an
/// open-addressing hash table. Both lookups take time in proportion to the length of the token.
struct TokenTable: Sendable {
  private var bytes: [UInt8] = []
  /// Token `i` is `bytes[starts[i]..<starts[i + 1]]`.
  private var starts = [0]
  /// Ids by hash, -1 where a slot is free; at most half full.
  private var slots: [Int32] = []
  /// The longest token's number of bytes.
  private(set) var longest = 0

  var count: Int { starts.count - 1 }

  /// The bytes of token `id`, which must be one of this table's.
  subscript(id: Int) -> ArraySlice<UInt8> { bytes[starts[id]..<starts[id + 1]] }

  /// Makes room for a vocabulary of the usual size.
  init() {
    bytes.reserveCapacity(400_000)
    starts.reserveCapacity(50_300)
  }

  /// Appends the next token: whatever `write` adds to the end of the array; nothing if it returns false.
  mutating func append(_ write: (inout [UInt8]) -> Bool) -> Bool {
    guard write(&bytes) else { return false }
    longest = max(longest, bytes.count - starts[count])
    starts.append(bytes.count)
    return true
  }

  /// Builds the way back, to be called when all tokens are in. A token without bytes is never found.
  ///
  /// - Throws: `TokenizerError.duplicateToken` when two tokens have the same bytes.
  mutating func index(file: String) throws(TokenizerError) {
    var capacity = 1024
    while capacity < 2 * count { capacity *= 2 }
    slots = [Int32](repeating: -1, count: capacity)
    for id in 0..<count where starts[id] < starts[id + 1] {
      let range = starts[id]..<starts[id + 1]
      let slot = slot(of: bytes, range)
      guard slots[slot] < 0 else {
        throw .duplicateToken(file: file, first: Int(slots[slot]), second: id)
      }
      slots[slot] = Int32(id)
    }
  }

  /// The id of the token whose bytes are `text[range]`, nil if there is none.
  func id(of text: [UInt8], _ range: Range<Int>) -> Int? {
    guard range.count <= longest, !range.isEmpty else { return nil }
    let id = slots[slot(of: text, range)]
    return id < 0 ? nil : Int(id)
  }

  /// The slot that holds the token with these bytes, or the free one where it would go.
  private func slot(of text: [UInt8], _ range: Range<Int>) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for i in range { hash = (hash ^ UInt64(text[i])) &* 0x100_0000_01b3 }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask
    while slots[slot] >= 0, !equal(Int(slots[slot]), text, range) { slot = (slot + 1) & mask }
    return slot
  }

  private func equal(_ id: Int, _ text: [UInt8], _ range: Range<Int>) -> Bool {
    let start = starts[id]
    guard starts[id + 1] - start == range.count else { return false }
    for offset in 0..<range.count where bytes[start + offset] != text[range.lowerBound + offset] {
      return false
    }
    return true
  }
}
