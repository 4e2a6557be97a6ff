// Attention at each precision against double precision.

import SwiftletBasics
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletCompute

@Suite(.slow) struct AttentionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var heads: Int
    var headWidth: Int
    var positions: Int
    var rows: Int
    var testDescription: String { "\(heads) heads of \(headWidth), \(positions) positions, \(rows) rows" }
  }

  static let shapes = [
    Shape(heads: 1, headWidth: 1, positions: 1, rows: 1),
    Shape(heads: 3, headWidth: 24, positions: 65, rows: 7),
    Shape(heads: 2, headWidth: 64, positions: 130, rows: 70),
    Shape(heads: 2, headWidth: 63, positions: 33, rows: 25),
    Shape(heads: 6, headWidth: 1, positions: 12, rows: 12),
    Shape(heads: 1, headWidth: 64, positions: 1_500, rows: 3),
    Shape(heads: 2, headWidth: 24, positions: 449, rows: 49),
    Shape(heads: 1, headWidth: 63, positions: 64, rows: 64),
  ]
  static let outputs = [Element.fp32, .bf16]
  static let precisions = AttentionPrecision.allCases

  /// Random queries, keys and values, and a memory filled with the latter.
  private final class Inputs {
    let shape: Shape
    let queries: Matrix
    let memory: AttentionMemory
    let keys: [Float]
    let values: [Float]
    let oracle: AttentionOracle

    init(
      _ shape: Shape, _ precision: AttentionPrecision, _ context: ComputeContext, seed: UInt64,
      repeats: [Int]? = nil
    ) {
      var generator = SeededGenerator(seed: seed)
      self.shape = shape
      let (heads, headWidth) = (shape.heads, shape.headWidth)
      let width = heads * headWidth
      // Scores of a few units, so that some positions matter more than others.
      let q = generator.floats(shape.rows * width).map { $0 * 4 }
      keys = generator.floats(shape.positions * width).map { $0 * 2 }
      values = generator.floats(shape.positions * width)
      memory = AttentionMemory(
        heads: heads, headWidth: headWidth, capacity: shape.positions + 9, precision: precision)
      queries = Matrix.poisoned(rows: heads * shape.rows, columns: 64, element: precision.queries)
      for head in 0..<heads {
        // Rows are filled up with zeros, as projections to heads are.
        let filled = Matrix(rows: shape.rows, columns: 64)
        for row in 0..<shape.rows {
          for channel in 0..<headWidth { filled[row, channel] = q[row * width + head * headWidth + channel] }
        }
        context.convertRows(
          filled, rows: 0..<shape.rows, scale: memory.queryScale, into: queries,
          outputRow: head * shape.rows)
      }
      let stored = queries.values
      var compact: [Double] = []
      for row in 0..<shape.rows {
        for head in 0..<heads {
          let first = (head * shape.rows + row) * 64
          compact += stored[first..<first + headWidth].map(Double.init)
        }
      }
      oracle = AttentionOracle(
        heads: heads, headWidth: headWidth, queries: compact,
        keys: keys.rounded(to: precision.queries, headWidth: headWidth),
        values: values.rounded(to: precision.values, headWidth: headWidth), repeats: repeats,
        isBaseTwo: precision.values == .bf16)
      memory.setFrameCounts(repeats)
    }

    /// Stores positions `range` of the keys and values, or what `change` makes of them.
    func store(_ range: Range<Int>, _ context: ComputeContext, at first: Int? = nil, times factor: Float = 1)
    {
      let width = shape.heads * shape.headWidth
      for head in 0..<shape.heads {
        func panel(_ all: [Float]) -> Matrix {
          // Channels of the head, then what belongs to others and must not be read.
          let matrix = Matrix.poisoned(rows: range.count + 1, columns: 64)
          for (row, position) in range.enumerated() {
            for channel in 0..<shape.headWidth {
              matrix[row + 1, channel] = all[position * width + head * shape.headWidth + channel] * factor
            }
          }
          return matrix
        }
        let first = first ?? range.lowerBound
        context.storeKeys(panel(keys), sourceRow: 1, rows: range.count, head: head, at: first, in: memory)
        context.storeValues(panel(values), sourceRow: 1, rows: range.count, head: head, at: first, in: memory)
      }
      memory.count = (first ?? range.lowerBound) + range.count
    }

    /// Attends with rows `rows` into rows from 1 on of a poisoned matrix, and compares all of it.
    func compare(
      rows: Range<Int>, mask: AttentionMask, into element: Element, _ context: ComputeContext,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let output = Matrix.poisoned(
        rows: rows.count + 2, columns: shape.heads * 64, element: element, spaced: true)
      let scratch = AttentionScratch(
        positions: memory.capacity, precision: memory.precision, context: context)
      scratch.scores.poison()
      scratch.weights.poison()
      for head in 0..<shape.heads {
        context.attendRows(
          queries, rows: rows, head: head, to: memory, mask: mask, scratch: scratch, into: output,
          outputRow: 1)
      }
      var worst = Worst()
      let values = output.values
      for row in 0..<rows.count + 2 {
        for head in 0..<shape.heads {
          let line = values[(row * shape.heads + head) * 64..<(row * shape.heads + head + 1) * 64]
          guard (1...rows.count).contains(row) else {
            worst.compare(line.allSatisfy { $0.isNaN } ? 0 : 1, 0, limit: 0.5, "row \(row) was written")
            continue
          }
          var visible = shape.positions
          if case .causal(let first) = mask { visible = min(visible, first + row) }
          let expected = oracle.attend(row: rows.lowerBound + row - 1, head: head, visible: visible)
          for (channel, (value, right)) in zip(line, expected).enumerated() {
            let rounding = element == .bf16 ? Roundoff.bf16 * (right.value.magnitude + right.limit) : 0
            worst.compare(
              Double(value), right.value, limit: right.limit + rounding,
              "row \(row), head \(head), \(channel)")
          }
          worst.compare(
            line.dropFirst(shape.headWidth).allSatisfy { $0.isNaN } ? 0 : 1, 0, limit: 0.5,
            "what follows head \(head) was written")
        }
      }
      #expect(worst.isWithin, "\(worst)", sourceLocation: sourceLocation)
    }
  }

  /// Weights among the first positions are as if there were no others, and as if none stood for several.
  @Test(arguments: shapes, precisions) func weightsAmongTheFirst(
    _ shape: Shape, _ precision: AttentionPrecision
  ) throws {
    for context in try contexts() {
      let repeats = (0..<shape.positions).map { $0 < shape.positions / 2 ? 1 : 16 }
      let inputs = Inputs(shape, precision, context, seed: 57, repeats: repeats)
      inputs.store(0..<shape.positions, context)
      let scratch = AttentionScratch(
        positions: inputs.memory.capacity, precision: precision, context: context)
      for positions in Set([1, (shape.positions + 1) / 2, shape.positions]) {
        let output = Matrix.poisoned(rows: shape.rows + 1, columns: positions + 1, element: .fp32)
        for head in 0..<shape.heads {
          scratch.scores.poison()
          context.attentionWeights(
            inputs.queries, rows: 0..<shape.rows, head: head, to: inputs.memory, positions: positions,
            scratch: scratch, into: output, outputRow: 1)
          var worst = Worst()
          for row in 0..<shape.rows {
            let expected = inputs.oracle.weights(row: row, head: head, visible: positions)
            for (position, right) in expected.enumerated() {
              worst.compare(
                Double(output[row + 1, position]), right.value, limit: right.limit, "\(row), \(position)")
            }
            #expect(output[row + 1, positions].isNaN, "what follows was written")
          }
          #expect(output[0, 0].isNaN, "what comes before was written")
          #expect(worst.isWithin, "\(worst)")
        }
      }
    }
  }

  private func contexts() throws -> [ComputeContext] {
    try InstructionSet.available.map { try ComputeContext(threads: 1, instructionSet: $0) }
  }

  @Test(arguments: shapes, precisions) func everyShape(_ shape: Shape, _ precision: AttentionPrecision) throws
  {
    for context in try contexts() {
      let inputs = Inputs(shape, precision, context, seed: 51)
      inputs.store(0..<shape.positions, context)
      for output in Self.outputs {
        inputs.compare(rows: 0..<shape.rows, mask: .none, into: output, context)
        // The last row sees everything, the first as much less as there are rows; and from the start.
        inputs.compare(
          rows: 0..<shape.rows, mask: .causal(firstPosition: max(0, shape.positions - shape.rows)),
          into: output, context)
        inputs.compare(rows: 0..<shape.rows, mask: .causal(firstPosition: 0), into: output, context)
        if shape.rows > 2 {
          inputs.compare(rows: 1..<shape.rows - 1, mask: .causal(firstPosition: 1), into: output, context)
        }
      }
    }
  }

  /// Keys and values that come in parts, at odd positions too, over others that have been forgotten.
  @Test(arguments: shapes, precisions) func inParts(_ shape: Shape, _ precision: AttentionPrecision) throws {
    for context in try contexts() {
      let inputs = Inputs(shape, precision, context, seed: 52)
      // What was there before is large: if it were read, everything would be wrong.
      let all = 0..<shape.positions
      inputs.store(all, context, times: 1e18)
      inputs.store(0..<min(9, shape.positions), context, at: shape.positions, times: 1e18)
      var first = 0
      for length in [1, 2, 1, 3, 5, 60, 64, 7, shape.positions] where first < shape.positions {
        let part = first..<min(shape.positions, first + length)
        inputs.store(part, context)
        first = part.upperBound
      }
      #expect(inputs.memory.count == shape.positions)
      inputs.compare(rows: 0..<shape.rows, mask: .none, into: .fp32, context)
      inputs.compare(
        rows: 0..<shape.rows, mask: .causal(firstPosition: shape.positions / 2), into: .fp32, context)
    }
  }

  /// A position that stands for several is as if it were there so many times.
  @Test(arguments: shapes, precisions) func frameCounts(_ shape: Shape, _ precision: AttentionPrecision)
    throws
  {
    let counts = (0..<shape.positions).map { $0 < shape.positions / 3 ? 1 : [1, 2, 16, 32, 7][$0 % 5] }
    for context in try contexts() {
      let inputs = Inputs(shape, precision, context, seed: 53, repeats: counts)
      inputs.store(0..<shape.positions, context)
      for output in Self.outputs {
        inputs.compare(rows: 0..<shape.rows, mask: .none, into: output, context)
        inputs.compare(rows: 0..<shape.rows, mask: .causal(firstPosition: 0), into: output, context)
      }
    }
  }

  /// Counts of one change nothing, bit for bit, and counts are forgotten with the window that they were for.
  @Test(arguments: shapes, precisions) func countsOfOne(_ shape: Shape, _ precision: AttentionPrecision)
    throws
  {
    for context in try contexts() {
      let inputs = Inputs(shape, precision, context, seed: 54)
      inputs.store(0..<shape.positions, context)
      let expected = attend(inputs, context)
      inputs.memory.setFrameCounts([Int](repeating: 1, count: shape.positions))
      #expect(attend(inputs, context) == expected)
      inputs.memory.setFrameCounts((0..<shape.positions).map { $0 + 2 })
      if shape.positions > 1 { #expect(attend(inputs, context) != expected) }
      inputs.memory.setFrameCounts(nil)
      #expect(attend(inputs, context) == expected)
    }
  }

  /// A fork of a memory gives the same, and is not changed with what it was made from.
  @Test(arguments: precisions) func copies(_ precision: AttentionPrecision) throws {
    let context = try ComputeContext(threads: 1)
    let shape = Shape(heads: 3, headWidth: 24, positions: 67, rows: 5)
    let inputs = Inputs(shape, precision, context, seed: 55)
    inputs.store(0..<67, context)
    let expected = attend(inputs, context)
    let fork = AttentionMemory(heads: 3, headWidth: 24, capacity: 76, precision: precision)
    fork.copy(from: inputs.memory)
    #expect(fork.count == 67)
    inputs.store(0..<67, context, times: -3)
    #expect(attend(inputs, context) != expected)
    #expect(attend(inputs, context, memory: fork) == expected)
  }

  /// Rows do not depend on which others they are worked on with: batches rely on it.
  @Test(arguments: precisions) func rowsDoNotDependOnTheirCompany(_ precision: AttentionPrecision) throws {
    for context in try contexts() {
      let inputs = Inputs(
        Shape(heads: 2, headWidth: 64, positions: 150, rows: 61), precision, context, seed: 56)
      inputs.store(0..<150, context)
      let whole = attend(inputs, context)
      #expect(attend(inputs, context, cuts: Array(1..<61)) == whole)
      #expect(attend(inputs, context, cuts: [1, 8, 20, 45]) == whole)
    }
  }

  private func attend(
    _ inputs: Inputs, _ context: ComputeContext, memory: AttentionMemory? = nil, cuts: [Int] = []
  ) -> [Float] {
    let memory = memory ?? inputs.memory
    let rows = inputs.shape.rows
    let output = Matrix(rows: rows, columns: inputs.shape.heads * 64)
    let scratch = AttentionScratch(
      positions: memory.capacity, precision: memory.precision, context: context)
    for (first, last) in zip([0] + cuts, cuts + [rows]) {
      for head in 0..<memory.heads {
        context.attendRows(
          inputs.queries, rows: first..<last, head: head, to: memory, mask: .none, scratch: scratch,
          into: output, outputRow: first)
      }
    }
    return output.values
  }
}

extension [Float] {
  /// What is stored of keys or values, heads of `headWidth` channels side by side.
  fileprivate func rounded(to element: SwiftletCompute.Element, headWidth: Int) -> [Double] {
    switch element {
    case .fp32: map(Double.init)
    case .bf16: map { Double(Float(bitPattern: UInt32(floatToBFloat16($0)) << 16)) }
    case .uint8:
      stride(from: 0, to: count, by: headWidth).flatMap { first -> [Double] in
        let head = self[first..<first + headWidth]
        let scale = (head.map(\.magnitude).max() ?? 0) / 127
        // The scale is a number of fp32, and bytes are the nearest to the quotient by it, up to a rounding.
        return head.map { Double(scale) * Double(($0 * (1 / scale)).rounded(.toNearestOrEven)) }
      }
    }
  }
}
