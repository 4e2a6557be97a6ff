// How a packed linear layer of an engine comes out of a checkpoint's tensors.

import SwiftletCheckpoints
package import SwiftletCompute

/// One product of the network: its name in the engine, its shape as it is packed, and where its numbers come from.
///
/// A head's channels begin at a multiple of 64 columns, so that one panel is one head; every published model has heads of
/// 64 channels, and nothing is filled up.
package struct LinearRecipe: Sendable {
  package enum Source: Sendable {
    /// `NAME.weight`, `[out, in]`, as it is.
    case plain(String)
    /// `NAME.weight`, `[out, in, 3]`, to `[out][tap][in]`: the order of the values that a row of a convolution's operand
    /// covers.
    case convolution(String)
    /// Several projections to heads, one after another.
    case toHeads([String])
    /// A projection from heads.
    case fromHeads(String)
  }

  package var name: String
  package var precision: Precision
  package var columns: Int
  package var depth: Int
  package var source: Source
  package var heads = 1
  package var hasBias = true
  /// The layer normalization that the operand comes from alone, if channels are smoothed between the two: see ``Smoothing``.
  package var smoothedNorm: String?

  /// The weights, `[columns, depth]` row-major.
  func weights(_ checkpoint: any Checkpoint) throws(CheckpointError) -> [Float] {
    switch source {
    case .plain(let name): return try checkpoint.floats(of: "\(name).weight")
    case .convolution(let name):
      let values = try checkpoint.floats(of: "\(name).weight")
      let inputs = depth / Self.taps
      var reordered = [Float](repeating: 0, count: values.count)
      for output in 0..<columns {
        for input in 0..<inputs {
          for tap in 0..<Self.taps {
            reordered[output * depth + tap * inputs + input] =
              values[output * depth + input * Self.taps + tap]
          }
        }
      }
      return reordered
    case .toHeads(let names):
      var result: [Float] = []
      for name in names {
        result += padded(try checkpoint.floats(of: "\(name).weight"), parts: heads, rowLength: depth)
      }
      return result
    case .fromHeads(let name):
      let values = try checkpoint.floats(of: "\(name).weight")
      // Each row of the matrix holds all heads.
      return padded(values, parts: columns * heads, rowLength: 1)
    }
  }

  /// One a column; zeros where the checkpoint has none.
  func bias(_ checkpoint: any Checkpoint) throws(CheckpointError) -> [Float] {
    switch source {
    case .plain(let name), .convolution(let name), .fromHeads(let name):
      return try checkpoint.floats(of: "\(name).bias")
    case .toHeads(let names):
      var result: [Float] = []
      for name in names {
        // Whisper's keys have no bias.
        result +=
          name.hasSuffix("k_proj")
          ? [Float](repeating: 0, count: heads * PackedLinear.panelColumns)
          : padded(try checkpoint.floats(of: "\(name).bias"), parts: heads, rowLength: 1)
      }
      return result
    }
  }

  /// Each of `parts` equal parts of `values` filled up with zeros to 64 rows of `rowLength` values.
  private func padded(_ values: [Float], parts: Int, rowLength: Int) -> [Float] {
    let wide = PackedLinear.panelColumns * rowLength
    let part = values.count / parts
    if part == wide { return values }
    var result: [Float] = []
    result.reserveCapacity(parts * wide)
    for index in 0..<parts {
      result += values[index * part..<(index + 1) * part]
      result += [Float](repeating: 0, count: wide - part)
    }
    return result
  }

  /// Frames that each output frame of a convolution looks at.
  package static let taps = 3
}
