// Keys and values of one attention layer, in the layout that attention reads.

import CKernels

/// The keys and values that queries attend to.
///
/// For each head, keys as `[panels of 64 positions][headWidth / g][64][g]` and values as `[positions / g][64][g]`, so that
/// both products of attention run through the same inner loop as all others. A head has at most 64 channels.
package final class AttentionMemory {
  package let element: Element
  package let heads: Int
  package let headWidth: Int
  package let capacity: Int
  /// Positions that hold keys and values.
  package var count = 0
  /// Added to every query's score of a position: logarithms of how many frames it stands for. Nil if all are 0.
  private(set) var bias: UnsafeMutablePointer<Float>?

  private let keys: AlignedBuffer
  private let values: AlignedBuffer
  private var biases: AlignedBuffer?

  package init(heads: Int, headWidth: Int, capacity: Int, element: Element) {
    precondition(headWidth <= PackedLinear.panelColumns && element != .uint8)
    self.heads = heads
    self.headWidth = headWidth
    self.capacity = capacity
    self.element = element
    let group = element.group
    let paddedWidth = (headWidth + group - 1) / group * group
    keyHeadBytes =
      PackedLinear.panels(columns: capacity) * paddedWidth * PackedLinear.panelColumns * element.size
    valueHeadBytes = (capacity + group - 1) / group * group * PackedLinear.panelColumns * element.size
    keyPanelBytes = paddedWidth * PackedLinear.panelColumns * element.size
    depth = paddedWidth
    keys = AlignedBuffer(byteCount: heads * keyHeadBytes)
    values = AlignedBuffer(byteCount: heads * valueHeadBytes)
  }

  private let keyHeadBytes: Int
  private let valueHeadBytes: Int
  let keyPanelBytes: Int
  /// headWidth, filled up to whole groups.
  let depth: Int
  var group: Int { element.group }

  func keys(ofHead head: Int) -> UnsafeMutableRawPointer { keys.base + head * keyHeadBytes }
  func values(ofHead head: Int) -> UnsafeMutableRawPointer { values.base + head * valueHeadBytes }

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
      floats[position] = logarithm(count) * (element == .bf16 ? Self.log2e : 1)
    }
    bias = floats
  }

  /// bf16 attention works with powers of 2.
  static let log2e: Float = 1.442_695_04

  /// What queries are multiplied by: 1/√headWidth, times log2 e where exponentials are powers of 2.
  package var queryScale: Float { Self.queryScale(headWidth: headWidth, element: element) }

  /// See ``queryScale-swift.property``.
  package static func queryScale(headWidth: Int, element: Element) -> Float {
    (element == .bf16 ? log2e : 1) / Float(headWidth).squareRoot()
  }

  /// Takes over all positions of another memory of the same shape: the fork of a hypothesis.
  ///
  /// - Parameter shared: so many positions from the first on are the same in both already. What is copied is whole panels
  ///   of keys, from the first that has another position.
  package func copy(from other: AttentionMemory, after shared: Int = 0) {
    precondition(other.heads == heads && other.capacity == capacity && other.element == element)
    let panelColumns = PackedLinear.panelColumns
    let keyBytes =
      (shared / panelColumns * keyPanelBytes)..<(PackedLinear.panels(columns: other.count) * keyPanelBytes)
    let rowBytes = group * panelColumns * element.size
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
    }
    count = other.count
  }
}
