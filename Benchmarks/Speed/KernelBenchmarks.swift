// Every kernel at Whisper's shapes, as a share of what the machine does in registers alone.

import SwiftletCompute

/// Ceilings of one context, measured once.
final class MeasuredCeilings {
  let context: ComputeContext
  private let ceilings: Ceilings
  private var operations: [Precision: Double] = [:]
  private var bandwidths: [Int: Double] = [:]

  init(_ context: ComputeContext) {
    self.context = context
    ceilings = Ceilings(context)
  }

  /// Operations a millisecond.
  func operations(_ precision: Precision) -> Double {
    if let known = operations[precision] { return known }
    let rate = ceilings.operations(precision, seconds: 0.5) / 1_000
    operations[precision] = rate
    return rate
  }

  /// Milliseconds that reading `bytes` takes, over and over.
  func reading(_ bytes: Int) -> Double {
    let footprint = max(1 << 20, ((bytes + (1 << 20) - 1) >> 20) << 20)
    if bandwidths[footprint] == nil {
      bandwidths[footprint] = ceilings.bandwidth(footprint: footprint, seconds: 0.5)
    }
    return Double(bytes) / (bandwidths[footprint] ?? 1) * 1_000
  }
}

func benchmarkKernels(_ ceilings: MeasuredCeilings, into report: Report) {
  let context = ceilings.context
  let rows = 1_500
  let blocks = stride(from: 0, to: rows, by: 48).map { $0..<min(rows, $0 + 48) }
  func add(
    _ group: String, _ name: String, _ precision: Precision, floor: Double, note: String? = nil,
    _ body: () -> Void
  ) {
    let time = measure(body)
    report.add(
      Row(
        group: group, name: name, precision: precision.rawValue, threads: context.pool.threads,
        milliseconds: time.best, median: time.median, floor: floor, note: note))
  }

  for (depth, columns) in [
    (384, 384), (384, 1_536), (1_536, 384), (1_024, 1_024), (1_024, 4_096), (4_096, 1_024),
  ] {
    for precision in Precision.allCases {
      let weights = (0..<columns * depth).map { Float($0 % 251) / 251 - 0.5 }
      let linear = PackedLinear(
        precision, columns: columns, depth: depth, weights: weights, bias: Array(weights[0..<columns]))
      let input = Matrix(rows: rows, columns: depth, element: precision.operand, spaced: true)
      context.write([Float](repeating: 0.5, count: rows * depth).span, into: input, outputRow: 0)
      let output = Matrix(rows: rows, columns: columns, spaced: true)
      add(
        "products, 1500 rows", "\(depth) to \(columns)", precision,
        floor: 2.0 * Double(rows * depth * columns) / ceilings.operations(precision)
      ) {
        context.pool.forEach(blocks.count) { _, index in
          context.productRows(
            input, rows: blocks[index], by: linear, into: output, outputRow: blocks[index].lowerBound)
        }
      }
    }
  }

  for (name, heads) in [("tiny.en, 6 heads", 6), ("medium.en, 16 heads", 16)] {
    for precision in [Precision.fp32, .bf16, .int8] {
      let columns = heads * PackedLinear.panelColumns
      let queries = Matrix(
        rows: heads * rows, columns: PackedLinear.panelColumns, element: precision.attention.queries)
      let memory = AttentionMemory(
        heads: heads, headWidth: 64, capacity: rows, precision: precision.attention)
      memory.count = rows
      let output = Matrix(rows: rows, columns: columns, element: precision.attention.values, spaced: true)
      let scratch = (0..<context.pool.threads).map { _ in
        AttentionScratch(positions: rows, precision: precision.attention, context: context)
      }
      let half = 2.0 * Double(rows * rows * columns)
      add(
        "attention of a layer, 1500 by 1500", name, precision,
        floor: half / ceilings.operations(precision) + half
          / ceilings.operations(precision == .int8 ? .bf16 : precision),
        note: "softmax not in the floor"
      ) {
        context.pool.forEach(blocks.count) { thread, index in
          for head in 0..<heads {
            context.attendRows(
              queries, rows: blocks[index], head: head, to: memory, mask: .none, scratch: scratch[thread],
              into: output, outputRow: blocks[index].lowerBound)
          }
        }
      }
    }
  }

  for (depth, columns) in [(384, 51_864), (384, 1_536), (1_024, 4_096)] {
    for precision in Precision.allCases {
      for count in [1, 8] {
        let weights = [Float](repeating: 0.01, count: columns * depth)
        let linear = PackedLinear(precision, columns: columns, depth: depth, weights: weights)
        let input = Matrix(rows: count, columns: depth, element: precision.operand, spaced: true)
        let output = Matrix(rows: count, columns: columns, spaced: true)
        let time = measure { context.product(input, rows: count, by: linear, into: output) }
        report.add(
          Row(
            group: "products of few rows, floor: reading the weights",
            name: "\(count) x \(depth) to \(columns)",
            precision: precision.rawValue, threads: context.pool.threads, milliseconds: time.best,
            median: time.median, floor: ceilings.reading(linear.panels * linear.panelBytes)))
      }
    }
  }
}
