// Keys and values of one attention layer, in the layout that attention reads.

/// The keys and values that queries attend to, growing row by row up to a fixed capacity.
///
/// Keys are held transposed, for each head `[panels of 64 positions][headWidth][64]`, and values as
/// `[panels of 64 channels][capacity][64]` for each head (one panel in every published model), so that both products
/// of attention run through the same inner loop as all others.
package final class KeyValueStore {
  package let heads: Int
  package let headWidth: Int
  package let capacity: Int
  /// Positions that hold keys and values.
  package private(set) var count = 0

  private let keys: AlignedBuffer
  private let values: AlignedBuffer
  private static let panel = PackedMatrix.panelColumns

  package init(heads: Int, headWidth: Int, capacity: Int) {
    self.heads = heads
    self.headWidth = headWidth
    self.capacity = capacity
    keys = AlignedBuffer(count: heads * Self.roundUp(capacity) * headWidth)
    values = AlignedBuffer(count: heads * capacity * Self.roundUp(headWidth))
  }

  static func roundUp(_ count: Int) -> Int { (count + panel - 1) / panel * panel }

  func keys(ofHead head: Int) -> UnsafePointer<Float> {
    UnsafePointer(keys.floats + head * Self.roundUp(capacity) * headWidth)
  }
  var keyPanelStride: Int { headWidth * Self.panel }

  func values(ofHead head: Int) -> UnsafePointer<Float> {
    UnsafePointer(values.floats + head * capacity * Self.roundUp(headWidth))
  }
  var valuePanelStride: Int { capacity * Self.panel }

  /// Forgets everything from position `count` on.
  package func truncate(to count: Int) {
    precondition(count <= self.count)
    self.count = count
  }

  /// Appends the first `rows` rows of `newKeys` and `newValues`, each `[rows, heads · headWidth]`.
  package func append(keys newKeys: Matrix, values newValues: Matrix, rows: Int, in context: ComputeContext) {
    let width = heads * headWidth
    precondition(newKeys.columns == width && newValues.columns == width && count + rows <= capacity)
    let first = count
    context.pool.forEach(heads) { head in
      let keyBase = keys.floats + head * Self.roundUp(capacity) * headWidth
      let valueBase = values.floats + head * capacity * Self.roundUp(headWidth)
      for row in 0..<rows {
        let position = first + row
        let source = row * width + head * headWidth
        let keyTarget = keyBase + position / Self.panel * keyPanelStride + position % Self.panel
        let valueTarget = valueBase + position * Self.panel
        for channel in 0..<headWidth {
          keyTarget[channel * Self.panel] = newKeys.floats[source + channel]
          valueTarget[channel / Self.panel * valuePanelStride + channel % Self.panel] =
            newValues.floats[source + channel]
        }
      }
    }
    count += rows
  }
}
