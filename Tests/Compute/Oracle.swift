// Plain double-precision versions of the operators: slow, and easy to see to be right.

import Foundation

@testable import SwiftletCompute

/// Unit roundoffs: the largest relative error of rounding once.
enum Roundoff {
  static let fp32 = 0x1p-24
  static let bf16 = 0x1p-8
}

enum Oracle {
  /// x/2 erfc(-x/√2), the form that keeps its digits where the result is small.
  static func gelu(_ x: Double) -> Double { x / 2 * erfc(-x / 2.0.squareRoot()) }

  /// GELU's slope is at most 1.13 (at x = √2), so that an error of its argument grows by no more.
  static let geluSlope = 1.13

  /// How far `Activation` may be from GELU in exact arithmetic; `ElementaryFunctionTests` holds it to that.
  static func activationError(_ activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .none: 0
    case .gelu:
      // 4.3e-8 of the polynomial; z = x/√2 is off by 2 u (the constant and the product), so that z² is by 5 u and its
      // exp by 5 z² u; and a dozen roundings. Beyond z² = 64 ln 2 the tail is left out.
      x < 0 && x * x / 2 > 44.36
        ? gelu(x).magnitude : (4.3e-8 + (5 * min(x * x / 2, 45) + 12) * Roundoff.fp32) * gelu(x).magnitude
    case .coarseGelu:
      // Up to 4 the polynomial; beyond, where x is kept at ±4, its error there is multiplied by x: 2e-4 at 8.
      2e-4 * max(1, x.magnitude / 8)
    }
  }

  static func activate(_ activation: Activation, _ x: Double) -> Double {
    activation == .none ? x : gelu(x)
  }

  /// One row of layer normalization.
  static func normalized(_ line: [Double], gamma: [Float], beta: [Float]) -> (values: [Double], scale: Double)
  {
    let count = Double(line.count)
    let mean = line.reduce(0, +) / count
    let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let scale = 1 / (variance + Double(LayerNormalization.epsilon)).squareRoot()
    return (
      line.indices.map { (line[$0] - mean) * scale * Double(gamma[$0]) + Double(beta[$0]) }, scale
    )
  }
}

/// Keeps the worst of many comparisons, so that a test expects once and not a million times.
struct Worst: CustomStringConvertible {
  private(set) var ratio = 0.0
  private var place = "nothing was compared"
  private(set) var count = 0

  /// Compares with a limit; NaN is worse than anything.
  mutating func compare(
    _ value: Double, _ expected: Double, limit: Double, _ where: @autoclosure () -> String
  ) {
    count += 1
    let error = (value - expected).magnitude
    let ratio = error.isNaN ? .infinity : error == 0 ? 0 : error / limit
    guard ratio > self.ratio || count == 1 else { return }
    self.ratio = ratio
    place = "\(`where`()): \(value) where \(expected) is right, limit \(limit)"
  }

  var isWithin: Bool { count > 0 && ratio <= 1 }
  var description: String { "\(place) (\(ratio) of the limit)" }
}

extension Matrix {
  /// Fills the memory of all rows with ones: NaN as fp32 and as bf16, 255 as bytes.
  func poison() {
    base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: rows * rowBytes)
    guard element == .uint8 else { return }
    for row in 0..<rows {
      scales[row] = .nan
      zeros[row] = .min
    }
  }

  static func poisoned(rows: Int, columns: Int, element: Element = .fp32, spaced: Bool = false) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns, element: element, spaced: spaced)
    matrix.poison()
    return matrix
  }

  /// The bytes of a row of bytes.
  func bytes(row: Int) -> [UInt8] {
    let pointer = self.row(row).assumingMemoryBound(to: UInt8.self)
    return (0..<columns).map { pointer[$0] }
  }

  /// The bits of a row of bf16.
  func halves(row: Int) -> [UInt16] {
    let pointer = self.row(row).assumingMemoryBound(to: UInt16.self)
    return (0..<columns).map { pointer[$0] }
  }
}
