// Every kernel against double precision, and a row's bits alone and in any batch.

import CDevice
import SwiftletDevice
import SwiftletTestSupport
import Testing

/// Tests of the device that take long: `make test` runs them, `make test-fast` doesn't.
let runsSlowTests = !TestTier.isFast

@Suite struct KernelTests {
  @Test(arguments: KernelCheck.all)
  func agreesWithDoublePrecision(_ check: KernelCheck) throws {
    let bench = try Bench(seed: 1)
    let comparison = try check.run(bench)
    #expect(comparison.problems == [])
    #expect(bench.report == "")
    // Rows of one `loadMatrices` in the same bank would be read one after another.
    #expect(bench.counts.bank_conflicts == 0)
  }

  /// Threads in other orders.
  @Test(.enabled(if: runsSlowTests, "not one of the fast tests"), arguments: KernelCheck.all)
  func agreesWithManySeeds(_ check: KernelCheck) throws {
    for seed in UInt64(2)...8 {
      let comparison = try check.run(Bench(seed: seed))
      #expect(comparison.problems == [], "seed \(seed)")
    }
  }

  @Test(.enabled(if: runsSlowTests, "not one of the fast tests"), arguments: DevicePrecision.allCases)
  func productOfEveryShapeAndEpilogue(_ precision: DevicePrecision) throws {
    for rows in [1, 16, 63, 65, 129] {
      for columns in [1, 8, 63, 65, 129] {
        for depth in [1, 3, 4, 5, 8, 17] {
          let number = rows + columns + depth
          let wanted = ProductCase(
            precision: precision, rows: rows, columns: columns, depth: depth * precision.alignment,
            hasBias: number % 2 == 0, isGelu: number % 3 == 0, hasResidual: number % 5 == 0,
            isWide: number % 4 != 0, tiles: number % 7 < 4 ? .large : .small)
          #expect(try Bench().check(wanted).problems == [])
        }
      }
    }
  }

  @Test(.enabled(if: runsSlowTests, "not one of the fast tests"), arguments: DevicePrecision.allCases)
  func productOfFewRowsOfEveryShape(_ precision: DevicePrecision) throws {
    for rows in [1, 2, 8, 9, 17, 64, 65] {
      for columns in [1, 15, 16, 33] {
        for depth in [1, 3, 31, 33, 130] {
          let wanted = ProductCase(
            precision: precision, rows: rows, columns: columns, depth: depth * precision.alignment,
            hasBias: rows % 2 == 0, isGelu: depth % 3 == 0, hasResidual: columns % 2 == 0,
            isWide: depth % 2 == 0)
          #expect(try Bench().checkRows(wanted).problems == [])
        }
      }
    }
  }

  @Test func smallAndLargeTilesGiveTheSameBits() throws {
    for precision in [DevicePrecision.bf16, .fp16] {
      var wanted = ProductCase(
        precision: precision, rows: 100, columns: 70, depth: 88, isGelu: true, tiles: .small)
      let operands = ProductOperands(wanted)
      let bench = try Bench()
      let small = try bench.product(wanted, operands)
      wanted.tiles = .large
      let large = try bench.product(wanted, operands)
      #expect(small.map(\.bitPattern) == large.map(\.bitPattern))
    }
  }

  @Test(arguments: DevicePrecision.allCases)
  func fewRowsHaveTheSameBitsInEveryBatch(_ precision: DevicePrecision) throws {
    let wanted = ProductCase(
      precision: precision, rows: 40, columns: 19, depth: 41 * precision.alignment, hasBias: true,
      isGelu: true)
    let operands = ProductOperands(wanted)
    let bench = try Bench()
    let wide = wanted.columns + 1
    let whole = try bench.productRows(wanted, operands).result
    func bits(_ values: [Float], _ rows: Range<Int>) -> [UInt32] {
      values[rows.lowerBound * wide..<rows.upperBound * wide].map(\.bitPattern)
    }
    for rows in [0..<1, 7..<8, 39..<40, 3..<12, 0..<17, 8..<40] {
      let some = try bench.productRows(wanted, operands, rows: rows).result
      #expect(bits(some, 0..<rows.count) == bits(whole, rows))
    }
    guard precision != .fp32 else { return }
    for pass in [8, 16, 32, 64] {
      let passed = try bench.productRows(wanted, operands, pass: pass).result
      #expect(passed.map(\.bitPattern) == whole.map(\.bitPattern))
    }
  }

  /// Keys and values go straight to the cache; idle rows leave it alone.
  @Test(arguments: DevicePrecision.allCases)
  func columnsGoToTheCache(_ precision: DevicePrecision) throws {
    let wanted = ProductCase(
      precision: precision, rows: 3, columns: 40, depth: 16, hasBias: true, isWide: false)
    let operands = ProductOperands(wanted)
    let bench = try Bench()
    let plain = try bench.productRows(wanted, operands).result
    let (slots, positions) = ([1, -1, 0], [9, 5, 2])
    let (result, cache) = try bench.productRows(
      wanted, operands, cacheColumn: 25, slots: slots, positions: positions)
    for row in 0..<3 {
      for column in 0..<25 { #expect(result[row * 41 + column] == plain[row * 41 + column]) }
      for column in 25...40 { #expect(result[row * 41 + column].isNaN) }
      guard slots[row] >= 0 else { continue }
      for column in 25..<40 {
        #expect(cache[(slots[row] * 10 + positions[row]) * 15 + column - 25] == plain[row * 41 + column])
      }
    }
    #expect(cache.count { !$0.isNaN } == 30)
  }

  @Test(arguments: DevicePrecision.allCases)
  func windowsHaveTheSameBitsAloneAndTogether(_ precision: DevicePrecision) throws {
    let together = AttendCase(
      precision: precision, heads: 1, positions: 80, counts: [80, 66, 7], hasBias: true)
    let operands = AttendOperands(together)
    let bench = try Bench(seed: 3)
    let whole = try bench.attend(together, operands)
    let size = together.positions * 64
    for (window, count) in [80, 66, 7].enumerated() {
      var alone = together
      alone.counts = [count]
      let part = AttendOperands(
        qkv: Array(operands.qkv[(window * together.positions * together.step)...]),
        bias: Array(operands.bias[(window * together.positions)...]))
      let result = try bench.attend(alone, part)
      #expect(
        result.prefix(size).map(\.bitPattern) == whole[window * size..<(window + 1) * size].map(\.bitPattern))
    }
  }

  @Test(arguments: DevicePrecision.allCases, [false, true])
  func decoderRowsHaveTheSameBitsAloneAndTogether(_ precision: DevicePrecision, isCross: Bool) throws {
    let wanted = RowsCase(
      precision: precision, heads: 1, slots: [0, 1, 1, 2], capacity: 300,
      positions: isCross ? [300, 20, 257] : [0, 299, 100, 255], isCross: isCross, hasBias: isCross)
    let operands = RowsOperands(wanted)
    let bench = try Bench(seed: 4)
    let whole = try bench.attendRows(wanted, operands)
    for row in 0..<4 {
      let alone = try bench.attendRows(wanted, operands, rows: [row])
      #expect(alone.map(\.bitPattern) == whole[row * 64..<(row + 1) * 64].map(\.bitPattern))
    }
  }

  /// As long as the real thing: 1,500 positions, 1,280 channels.
  @Test(.enabled(if: runsSlowTests, "not one of the fast tests"), arguments: DevicePrecision.allCases)
  func longRowsAndWindows(_ precision: DevicePrecision) throws {
    #expect(
      try Bench().check(
        ProductCase(precision: precision, rows: 20, columns: 70, depth: 5_120, hasBias: true, tiles: .large)
      ).problems == [])
    #expect(
      try Bench().checkRows(ProductCase(precision: precision, rows: 5, columns: 70, depth: 5_120)).problems
        == [])
    #expect(
      try Bench().check(
        AttendCase(precision: precision, heads: 1, positions: 1_500, counts: [1_500, 1_499], hasBias: true)
      ).problems == [])
    #expect(
      try Bench().check(
        RowsCase(
          precision: precision, heads: 2, slots: [0, 1], capacity: 1_500, positions: [1_500, 1_499],
          isCross: true)
      ).problems == [])
    #expect(try Bench().checkNormalize(precision, rows: 3, width: 1_280).problems == [])
    #expect(
      try Bench().checkAlignment(
        RowsCase(
          precision: precision, heads: 1, slots: [0], capacity: 1_500, positions: [1_500], isCross: true),
        positions: 1_499
      ).problems == [])
  }

  @Test(arguments: [swiftlet_panel_fp32, swiftlet_panel_fp16, swiftlet_panel_bf16, swiftlet_panel_int8])
  func panelsOfEveryTypeToEveryType(_ source: Int) throws {
    let bench = try Bench()
    for precision in DevicePrecision.allCases {
      for (columns, depth) in [(1, 1), (64, 64), (65, 130), (129, 63)] {
        #expect(
          try bench.checkRepack(precision, source: source, columns: columns, depth: depth).problems == [])
      }
    }
  }

  /// Scores far apart and of the same size, where softmax has to take the largest out first.
  @Test(arguments: DevicePrecision.allCases)
  func largeScoresDoNotOverflow(_ precision: DevicePrecision) throws {
    let wanted = AttendCase(precision: precision, heads: 1, positions: 65)
    let small = AttendOperands(wanted)
    let large = AttendOperands(qkv: small.qkv.map { precision.rounded($0 * 30) }, bias: small.bias)
    let result = try Bench().attend(wanted, large)
    #expect(result.allSatisfy { $0.isFinite && $0.magnitude <= 60.5 })
  }

  @Test func infinityBecomesTheLargestHalf() throws {
    let wanted = ProductCase(precision: .fp16, rows: 1, columns: 1, depth: 8, isWide: false)
    var operands = ProductOperands(wanted)
    operands.a = [Float](repeating: 60_000, count: 8)
    operands.b = operands.a
    #expect(try Bench().productRows(wanted, operands).result[0] == 65_504)
    #expect(try Bench().product(wanted, operands)[0] == 65_504)
  }
}
