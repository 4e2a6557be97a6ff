// Packs the layers of an engine.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute

/// Packs one linear layer piece by piece; the scales and sums of bytes are known after the last one, behind which
/// ``SafetensorsWriter`` therefore has to ask for them.
final class LinearPacker {
  let pieces: Int
  private(set) var scales: [Float]
  private(set) var sums: [Int32]
  private let linear: LinearRecipe
  private let smoothing: LayerSmoothing?
  private let checkpoint: any Checkpoint
  private let context: ComputeContext
  private let panelBytes: Int
  private let panelsAtOnce: Int
  private var weights: [Float] = []

  /// - Parameter smoothing: what gives the factors of the weights' channels.
  init(
    _ linear: LinearRecipe, smoothing: LayerSmoothing?, _ checkpoint: any Checkpoint,
    _ context: ComputeContext
  ) {
    self.linear = linear
    self.smoothing = smoothing
    self.checkpoint = checkpoint
    self.context = context
    panelBytes = PackedLinear.panelBytes(linear.precision, depth: linear.depth)
    panelsAtOnce = max(1, (4 << 20) / panelBytes)
    pieces = (linear.packedShape[0] + panelsAtOnce - 1) / panelsAtOnce
    scales = [Float](repeating: 1, count: linear.wideColumns)
    sums = [Int32](repeating: 0, count: linear.wideColumns)
  }

  func piece(_ index: Int) throws(CheckpointError) -> Data {
    if index == 0 {
      let scales = try smoothing?.scales()
      weights = try linear.weights(checkpoint)
      if let scales { multiplyColumns(of: &weights, by: scales) }
    }
    let first = index * panelsAtOnce
    let panels = first..<min(first + panelsAtOnce, linear.packedShape[0])
    var data = Data(count: panels.count * panelBytes)
    let width = PackedLinear.panelColumns
    data.withUnsafeMutableBytes { output in
      weights.withUnsafeBufferPointer { weights in
        scales.withUnsafeMutableBufferPointer { scales in
          sums.withUnsafeMutableBufferPointer { sums in
            guard let scales = scales.baseAddress, let sums = sums.baseAddress else { return }
            context.pool.forEach(panels.count) { _, offset in
              let panel = panels.lowerBound + offset
              packPanels(
                weights, columns: linear.columns, depth: linear.depth, panels: panel..<panel + 1,
                precision: linear.precision,
                into: UnsafeMutableRawBufferPointer(
                  rebasing: output[offset * panelBytes..<(offset + 1) * panelBytes]),
                scales: scales + panel * width, sums: sums + panel * width)
            }
          }
        }
      }
    }
    if index == pieces - 1 { weights = [] }
    return data
  }
}
