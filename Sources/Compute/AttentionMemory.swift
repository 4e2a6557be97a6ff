// Keys and values of one attention layer, in the layout that attention reads.

import CKernels

/// The keys and values that queries attend to.
///
/// For each head, keys as `[panels of 64 positions][headWidth / g][64][g]` and values as `[positions / g][64][g]`, each with the
/// g of its type, so that both products of attention run through the same inner loop as all others. A head has at most 64
/// channels.
package final class AttentionMemory {
  package let precision: AttentionPrecision
  package let heads: Int
  package let headWidth: Int
  package let capacity: Int
  /// Positions that hold keys and values.
  package var count = 0
  /// Added to every query's score of a position: logarithms of how many frames it stands for. Nil if all are 0.
  private(set) var bias: UnsafeMutablePointer<Float>?

  private let keys: AlignedBuffer
  private let values: AlignedBuffer
  /// Of keys in bytes, for each position of each head: the scales, then the sums of the bytes.
  private let keyNumbers: AlignedBuffer
  private var biases: AlignedBuffer?

  package init(heads: Int, headWidth: Int, capacity: Int, precision: AttentionPrecision) {
    precondition(headWidth <= PackedLinear.panelColumns)
    self.heads = heads
    self.headWidth = headWidth
    self.capacity = capacity
    self.precision = precision
    let queries = precision.queries
    let group = precision.values.group
    depth = (headWidth + queries.group - 1) / queries.group * queries.group
    paddedCapacity = PackedLinear.panels(columns: capacity) * PackedLinear.panelColumns
    keyHeadBytes = paddedCapacity * depth * queries.size
    keyPanelBytes = depth * PackedLinear.panelColumns * queries.size
    valueHeadBytes =
      (capacity + group - 1) / group * group * PackedLinear.panelColumns * precision.values.size
    // Most windows use a fraction of the positions.
    keys = AlignedBuffer(byteCount: heads * keyHeadBytes, isSparse: true)
    values = AlignedBuffer(byteCount: heads * valueHeadBytes, isSparse: true)
    keyNumbers = AlignedBuffer(
      byteCount: queries == .uint8 ? 8 * heads * paddedCapacity : 0, isSparse: true)
  }

  private let keyHeadBytes: Int
  private let valueHeadBytes: Int
  let keyPanelBytes: Int
  /// headWidth, filled up to whole groups.
  let depth: Int
  private let paddedCapacity: Int

  func keys(ofHead head: Int) -> UnsafeMutableRawPointer { keys.base + head * keyHeadBytes }
  func values(ofHead head: Int) -> UnsafeMutableRawPointer { values.base + head * valueHeadBytes }

  func keyScales(ofHead head: Int) -> UnsafeMutablePointer<Float> {
    keyNumbers.base.assumingMemoryBound(to: Float.self) + head * paddedCapacity
  }
  func keySums(ofHead head: Int) -> UnsafeMutablePointer<Int32> {
    keyNumbers.base.assumingMemoryBound(to: Int32.self) + (heads + head) * paddedCapacity
  }

  /// Sets how many frames each position stands for; nil if one each.
  package func setFrameCounts(_ counts: [Int]?) {
    guard let counts else {
      bias = nil
      return
    }
    precondition(counts.count <= capacity)
    let buffer = biases ?? AlignedBuffer(byteCount: 4 * capacity)
    biases = buffer
    let floats = buffer.base.assumingMemoryBound(to: Float.self)
    for (position, count) in counts.enumerated() {
      floats[position] = logarithm(count) * (isBaseTwo ? Self.log2e : 1)
    }
    bias = floats
  }

  /// Attention with weights in bf16 works with powers of 2.
  var isBaseTwo: Bool { precision.values == .bf16 }
  static let log2e: Float = 1.442_695_04

  /// What queries are multiplied by: 1/√headWidth, times log2 e where exponentials are powers of 2.
  package var queryScale: Float { Self.queryScale(headWidth: headWidth, precision: precision) }

  /// See ``queryScale-swift.property``.
  package static func queryScale(headWidth: Int, precision: AttentionPrecision) -> Float {
    (precision.values == .bf16 ? log2e : 1) / Float(headWidth).squareRoot()
  }

  /// Takes over all positions of another memory of the same shape: the fork of a hypothesis.
  ///
  /// - Parameter shared: so many positions from the first on are the same in both already. What is copied is whole panels
  ///   of keys, from the first that has another position.
  package func copy(from other: AttentionMemory, after shared: Int = 0) {
    precondition(other.heads == heads && other.capacity == capacity && other.precision == precision)
    let panelColumns = PackedLinear.panelColumns
    let keyBytes =
      (shared / panelColumns * keyPanelBytes)..<(PackedLinear.panels(columns: other.count) * keyPanelBytes)
    let group = precision.values.group
    let rowBytes = group * panelColumns * precision.values.size
    let valueBytes = (shared / group * rowBytes)..<((other.count + group - 1) / group * rowBytes)
    for head in 0..<heads {
      if !keyBytes.isEmpty {
        (keys(ofHead: head) + keyBytes.lowerBound).copyMemory(
          from: other.keys(ofHead: head) + keyBytes.lowerBound, byteCount: keyBytes.count)
      }
      if !valueBytes.isEmpty {
        (values(ofHead: head) + valueBytes.lowerBound).copyMemory(
          from: other.values(ofHead: head) + valueBytes.lowerBound, byteCount: valueBytes.count)
      }
      if precision == .byteScores, shared < other.count {
        let count = other.count - shared
        keyScales(ofHead: head).advanced(by: shared).update(
          from: other.keyScales(ofHead: head) + shared, count: count)
        keySums(ofHead: head).advanced(by: shared).update(
          from: other.keySums(ofHead: head) + shared, count: count)
      }
    }
    count = other.count
  }
}
