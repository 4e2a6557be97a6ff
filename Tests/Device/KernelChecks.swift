// One small check of every kernel in every precision, for whichever build of the kernels a bench runs.

import CDevice
import SwiftletDevice

/// A check with a name, run on a bench of its own.
struct KernelCheck: CustomStringConvertible, Sendable {
  var name: String
  var precision: DevicePrecision
  var run: @Sendable (Bench) throws -> Comparison
  var description: String { "\(name), \(precision)" }

  static let all: [KernelCheck] = DevicePrecision.allCases.flatMap { precision in
    let alignment = precision.alignment
    var checks: [KernelCheck] = []
    func add(_ name: String, _ run: @escaping @Sendable (Bench) throws -> Comparison) {
      checks.append(KernelCheck(name: name, precision: precision, run: run))
    }
    // Several tiles, none of them full; more terms than there are stages, and a last tile of terms that is not full.
    add("product") {
      try $0.check(
        ProductCase(
          precision: precision, rows: 70, columns: 67, depth: 13 * alignment, hasBias: true, tiles: .small))
    }
    if precision != .fp32 {
      add("product of large tiles") {
        try $0.check(
          ProductCase(
            precision: precision, rows: 131, columns: 130, depth: 136, isGelu: true, isWide: false,
            tiles: .large))
      }
    }
    // Every row of it overlaps the next, as in a convolution.
    add("product of windows") {
      try $0.check(
        ProductCase(
          precision: precision, rows: 66, columns: 20, depth: 3 * alignment, hasBias: true, isGelu: true,
          hasResidual: true, counts: [65, 0, 3, 90], isShuffled: true, step: alignment, tiles: .small))
    }
    add("product of few rows") {
      try $0.checkRows(
        ProductCase(
          precision: precision, rows: 13, columns: 37, depth: 72 * alignment, hasBias: true, hasResidual: true
        ))
    }
    add("product of one row") {
      try $0.checkRows(
        ProductCase(precision: precision, rows: 1, columns: 9, depth: alignment, isGelu: true, isWide: false))
    }
    // One row in a batch of every size.
    add("same bits") { bench in
      let wanted = ProductCase(
        precision: precision, rows: 9, columns: 10, depth: 100 * alignment, hasBias: true)
      let operands = ProductOperands(wanted)
      let whole = try bench.productRows(wanted, operands).result
      var comparison = Comparison()
      for row in [0, 7, 8] {
        let alone = try bench.productRows(wanted, operands, rows: row..<row + 1).result
        comparison.expectSame(
          Array(alone.prefix(10)), Array(whole[11 * row..<11 * row + 10]), "row \(row) alone")
      }
      return comparison
    }
    add("normalize") { try $0.checkNormalize(precision, rows: 11, width: 37, counts: [11, 3]) }
    add("normalize chosen rows") {
      try $0.checkNormalize(precision, rows: 4, width: 100, sources: [3, -1, 0], isWide: true)
    }
    add("attend") {
      try $0.check(AttendCase(precision: precision, heads: 2, positions: 70, counts: [70, 1], hasBias: true))
    }
    add("attend over many tiles") {
      try $0.check(AttendCase(precision: precision, heads: 1, positions: 200, counts: [197]))
    }
    add("self attention") {
      try $0.check(
        RowsCase(
          precision: precision, heads: 2, slots: [1, -1, 0, 1], capacity: 150, positions: [0, 0, 149, 77],
          isCross: false))
    }
    add("cross attention") {
      try $0.check(
        RowsCase(
          precision: precision, heads: 1, slots: [0, 1, -1], capacity: 520, positions: [515, 3],
          isCross: true,
          hasBias: true))
    }
    add("alignment") {
      try $0.checkAlignment(
        RowsCase(
          precision: precision, heads: 2, slots: [1, 0], capacity: 90, positions: [80, 90], isCross: true),
        positions: 70)
    }
    add("embed") { try $0.checkEmbed(precision, width: 300, isSmoothed: true) }
    add("repack") {
      try $0.checkRepack(
        precision,
        source: [swiftlet_panel_fp32, swiftlet_panel_fp16, swiftlet_panel_bf16][
          precision == .fp32 ? 0 : precision == .fp16 ? 1 : 2], columns: 70, depth: 67)
    }
    add("repack bytes") {
      try $0.checkRepack(precision, source: swiftlet_panel_int8, columns: 5, depth: 9)
    }
    if precision == .fp32 {
      add("copies of a cache") { try $0.checkCopy() }
    }
    return checks
  }
}
