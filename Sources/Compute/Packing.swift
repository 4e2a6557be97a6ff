// Weights into panels: what building an engine comes down to.

import CKernels
import SwiftletBasics

/// Packs panels `[panels.lowerBound, panels.upperBound)` of a layer's weights.
///
/// - Parameters:
///   - weights: `[columns, depth]`, row-major, as checkpoints hold them (`[out, in]`).
///   - output: receives the panels one after another, each ``PackedLinear/panelBytes(_:depth:)`` long.
///   - scales, sums: for int8, one a column of these panels: what a byte is worth, and the sum of the column's bytes.
package func packPanels(
  _ weights: UnsafeBufferPointer<Float>, columns: Int, depth: Int, panels: Range<Int>, precision: Precision,
  into output: UnsafeMutableRawBufferPointer, scales: UnsafeMutablePointer<Float>,
  sums: UnsafeMutablePointer<Int32>
) {
  let width = PackedLinear.panelColumns
  let group = precision.group
  let panelBytes = PackedLinear.panelBytes(precision, depth: depth)
  precondition(output.count >= panels.count * panelBytes && weights.count == columns * depth)
  guard let base = output.baseAddress, let source = weights.baseAddress else { return }
  output.initializeMemory(as: UInt8.self, repeating: 0)
  for panel in panels {
    let target = base + (panel - panels.lowerBound) * panelBytes
    for lane in 0..<min(width, columns - panel * width) {
      let column = panel * width + lane
      let row = source + column * depth
      let index = column - panels.lowerBound * width
      switch precision {
      case .fp32:
        let to = target.assumingMemoryBound(to: Float.self) + lane
        for k in 0..<depth { to[k * width] = row[k] }
      case .fp16:
        let to = target.assumingMemoryBound(to: UInt16.self) + lane
        for k in 0..<depth { to[k * width] = floatToHalf(row[k]) }
      case .bf16:
        let to = target.assumingMemoryBound(to: UInt16.self) + lane * group
        for k in 0..<depth { to[(k >> 1) * width * 2 + (k & 1)] = floatToBFloat16(row[k]) }
      case .int8:
        let to = target.assumingMemoryBound(to: Int8.self) + lane * group
        var largest: Float = 0
        for k in 0..<depth { largest = max(largest, row[k].magnitude) }
        let scale = largest > 0 ? largest / 127 : 1
        let inverse = 1 / scale
        var sum: Int32 = 0
        for k in 0..<depth {
          let q = Int8(max(-127, min(127, (row[k] * inverse).rounded(.toNearestOrEven))))
          to[(k >> 2) * width * 4 + (k & 3)] = q
          sum += Int32(q)
        }
        scales[index] = scale
        sums[index] = sum
      }
    }
  }
}
