// Operators over one row of logits: what choosing a token takes.

import CKernels
import Foundation

/// A place in a row, and the value there.
package struct RankedValue: Hashable, Sendable {
  package var index: Int
  package var value: Float

  package init(index: Int, value: Float) {
    self.index = index
    self.value = value
  }
}

extension ComputeContext {
  /// The place of the largest value, the first of several.
  package func argmax(_ values: Span<Float>) -> Int {
    values.withUnsafeBufferPointer { values in
      values.baseAddress.map { kernels.pointee.argmax($0, values.count) } ?? 0
    }
  }

  /// The largest value; -∞ if there is none.
  package func largest(_ values: Span<Float>) -> Float {
    values.isEmpty ? -.infinity : values[argmax(values)]
  }

  /// log Σ exp x; -∞ if all values are.
  package func logSumExp(_ values: Span<Float>) -> Float {
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return -.infinity }
      var largest: Float = 0
      let sum = kernels.pointee.sum_exponentials(base, values.count, &largest)
      return sum > 0 ? largest + log(sum) : -.infinity
    }
  }

  /// Writes exp((x - max) / temperature) to row `row` of `output`, fp32, and returns the sum of it.
  package func exponentials(
    _ values: Span<Float>, temperature: Float, into output: Matrix, row: Int
  ) -> Float {
    precondition(output.element == .fp32 && row < output.rows && values.count <= output.columns)
    return values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return 0 }
      let target = output.target(row)
      kernels.pointee.convert(base, 0, 1 / temperature, 1, values.count, target)
      let floats = output.floats + row * output.floatStride
      return kernels.pointee.exponentials_f32(floats, nil, values.count, floats)
    }
  }

  /// Puts the `count` largest values into `best`, the largest first, of equal ones the one that comes first; without -∞.
  package func findLargest(_ count: Int, of values: Span<Float>, into best: inout [RankedValue]) {
    best.removeAll(keepingCapacity: true)
    guard count > 0 else { return }
    values.withUnsafeBufferPointer { values in
      var threshold = -Float.infinity
      for index in 0..<values.count where values[index] > threshold {
        let value = values[index]
        if best.count == count { best.removeLast() }
        var place = best.count
        while place > 0, best[place - 1].value < value { place -= 1 }
        best.insert(RankedValue(index: index, value: value), at: place)
        if best.count == count { threshold = best[count - 1].value }
      }
    }
  }
}

extension MutableSpan<Float> {
  /// Sets the values in `range` to -∞.
  package mutating func suppress(_ range: Range<Int>) {
    withUnsafeMutableBufferPointer { values in
      UnsafeMutableBufferPointer(rebasing: values[range]).update(repeating: -.infinity)
    }
  }
}
