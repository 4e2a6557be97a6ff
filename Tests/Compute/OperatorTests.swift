// Every operator against a plain double-precision version, on every instruction set, at awkward sizes.

import SwiftletCompute
import SwiftletTestSupport
import Testing

@Suite struct OperatorTests {
  static let sets = InstructionSet.available

  @Test(arguments: sets.indices, [1, 3]) func product(_ index: Int, threads: Int) throws {
    let context = try ComputeContext(threads: threads, instructionSet: Self.sets[index])
    var generator = SeededGenerator(seed: 1)
    for (rows, depth, columns) in [
      (1, 1, 1), (1, 7, 63), (2, 64, 64), (3, 65, 65), (5, 33, 127), (6, 16, 129), (7, 100, 200),
      (97, 31, 70),
      (401, 12, 66),
    ] {
      let a = generator.floats(rows * depth)
      let b = generator.floats(columns * depth)
      let bias = generator.floats(columns)
      let residual = generator.floats(rows * columns)
      let weights = PackedMatrix(columns: columns, depth: depth, weights: b)
      for (activation, biased, added) in [
        (Activation.none, false, false), (.none, true, true), (.gelu, true, false), (.gelu, false, true),
      ] {
        let output = poisoned(rows: rows + 1, columns: columns)
        context.product(
          Matrix(columns: depth, values: a), rows: rows, by: weights, bias: biased ? bias : nil,
          activation: activation, residual: added ? Matrix(columns: columns, values: residual) : nil,
          into: output)
        for row in 0..<rows {
          for column in 0..<columns {
            // Standard forward bound of an inner product (Higham, "Accuracy and Stability of Numerical Algorithms",
            // 2002, section 3.1): |error| <= n u Σ|a||b|, with two more operations for the epilogue.
            var sum = 0.0
            var magnitude = 0.0
            for k in 0..<depth {
              let term = Double(a[row * depth + k]) * Double(b[column * depth + k])
              sum += term
              magnitude += term.magnitude
            }
            if biased {
              sum += Double(bias[column])
              magnitude += Double(bias[column].magnitude)
            }
            var expected = activation == .gelu ? Oracle.gelu(sum) : sum
            if added {
              expected += Double(residual[row * columns + column])
              magnitude += Double(residual[row * columns + column].magnitude)
            }
            // GELU's slope is at most 1.13; its own error is a few ulp of the result.
            let limit = (Double(depth) + 8) * 1.13 * magnitude * 0x1p-24 + 1e-37
            let difference = (Double(output[row, column]) - expected).magnitude
            #expect(difference <= limit, "\(rows)x\(depth)x\(columns) at \(row),\(column)")
          }
        }
        #expect(output.values.suffix(columns).allSatisfy { $0.isNaN }, "the row after the last was written")
      }
    }
  }

  @Test(arguments: sets.indices) func overlappingRowsAndOffsets(_ index: Int) throws {
    let context = try ComputeContext(threads: 2, instructionSet: Self.sets[index])
    var generator = SeededGenerator(seed: 2)
    let input = generator.floats(20 * 5)
    let b = generator.floats(9 * 15)
    let output = poisoned(rows: 12, columns: 9)
    // Rows of 15 values, ten floats apart, from the second on.
    context.product(
      Matrix(columns: 5, values: input), inputStep: 10, inputRow: 1, rows: 7,
      by: PackedMatrix(columns: 9, depth: 15, weights: b), into: output, outputRow: 3)
    for row in 0..<12 {
      for column in 0..<9 {
        guard (3..<10).contains(row) else {
          #expect(output[row, column].isNaN)
          continue
        }
        let first = (row - 3 + 1) * 10
        let expected = (0..<15).reduce(0.0) { $0 + Double(input[first + $1]) * Double(b[column * 15 + $1]) }
        #expect((Double(output[row, column]) - expected).magnitude < 15 * 15 * 0x1p-22)
      }
    }
  }

  @Test(arguments: sets.indices, [1, 3]) func attention(_ index: Int, threads: Int) throws {
    let context = try ComputeContext(threads: threads, instructionSet: Self.sets[index])
    var generator = SeededGenerator(seed: 3)
    for (heads, headWidth, positions, rows) in [
      (1, 1, 1, 1), (3, 24, 65, 7), (2, 64, 130, 70), (2, 80, 33, 3), (6, 8, 12, 12),
    ] {
      let width = heads * headWidth
      let q = generator.floats(rows * width)
      let k = generator.floats(positions * width)
      let v = generator.floats(positions * width)
      let store = KeyValueStore(heads: heads, headWidth: headWidth, capacity: positions + 5)
      // In two parts, with something forgotten between.
      let split = positions / 2
      append(
        k.prefix(split * width) + k.prefix(width), v.prefix(split * width) + v.prefix(width), to: store,
        context)
      store.truncate(to: split)
      append(k.dropFirst(split * width), v.dropFirst(split * width), to: store, context)
      #expect(store.count == positions)
      for mask in [AttentionMask.none, .causal(firstPosition: max(0, positions - rows))] {
        let output = poisoned(rows: rows, columns: width)
        context.attend(Matrix(columns: width, values: q), rows: rows, to: store, mask: mask, into: output)
        let expected = Oracle.attention(
          q: q, k: k, v: v, heads: heads, headWidth: headWidth, rows: rows, positions: positions, mask: mask)
        // Scores up to headWidth in size are off by headWidth² u, which exp turns into a relative error; the weighted
        // mean of values below 1 adds positions · u.
        let limit = (Double(headWidth * headWidth) * 2 + Double(positions) + 16) * 0x1p-24
        let difference = zip(output.values, expected).map { (Double($0) - $1).magnitude }.max() ?? .infinity
        #expect(difference <= limit, "\(heads) heads of \(headWidth), \(positions) positions, \(rows) rows")
        #expect(!output.values.contains { $0.isNaN })
      }
    }
  }

  @Test(arguments: sets.indices) func layerNormalization(_ index: Int) throws {
    let context = try ComputeContext(threads: 2, instructionSet: Self.sets[index])
    var generator = SeededGenerator(seed: 4)
    for width in [1, 3, 16, 31, 64, 72, 384, 1_280] {
      let rows = 35
      // Far from zero, where a variance in one pass would lose its digits.
      let input = generator.floats(rows * width).map { $0 + 100 }
      let norm = LayerNormalization(gamma: generator.floats(width), beta: generator.floats(width))
      let output = poisoned(rows: rows, columns: width)
      context.normalize(Matrix(columns: width, values: input), rows: rows, with: norm, into: output)
      for row in 0..<rows {
        let line = input[row * width..<(row + 1) * width].map(Double.init)
        let mean = line.reduce(0, +) / Double(width)
        let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        let scale = 1 / (variance + Double(LayerNormalization.epsilon)).squareRoot()
        for column in 0..<width {
          let expected =
            (line[column] - mean) * scale * Double(norm.gamma[column]) + Double(norm.beta[column])
          // The mean of values near 100 is off by up to log2(width)+2 units of its last place (pairwise over lanes).
          let limit = 100 * 16 * 0x1p-24 * scale + 1e-5
          #expect((Double(output[row, column]) - expected).magnitude <= limit, "width \(width)")
        }
      }
    }
  }

  private func append(
    _ keys: some Collection<Float>, _ values: some Collection<Float>, to store: KeyValueStore,
    _ context: ComputeContext
  ) {
    let width = store.heads * store.headWidth
    let keys = Matrix(columns: width, values: keys)
    store.append(keys: keys, values: Matrix(columns: width, values: values), rows: keys.rows, in: context)
  }

  private func poisoned(rows: Int, columns: Int) -> Matrix {
    Matrix(columns: columns, values: [Float](repeating: .nan, count: rows * columns))
  }
}

extension SeededGenerator {
  /// Values in [-1, 1).
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float.random(in: -1..<1, using: &self) }
  }
}
