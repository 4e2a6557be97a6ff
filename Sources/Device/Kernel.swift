// Kernels by name, and how each is launched: grid, threads and shared memory follow from its arguments.

package import CDevice

/// A kernel that has been compiled for a GPU.
package struct Kernel: @unchecked Sendable {
  package let name: String
  let function: swiftlet_handle
}

/// The type that a kernel's matrices are in. Sums, softmax, normalization and the residual stream are fp32 in all.
package enum DevicePrecision: String, CaseIterable, Sendable {
  case fp32
  case fp16
  case bf16

  package var bytes: Int { self == .fp32 ? 4 : 2 }
  /// What depths and row lengths are multiples of: 16 bytes.
  package var alignment: Int { 16 / bytes }
}

/// A kernel with its arguments.
package struct KernelLaunch<Arguments: BitwiseCopyable> {
  package var name: String
  package var grid: (x: Int, y: Int, z: Int)
  package var threads: Int
  package var sharedBytes: Int
  package var arguments: Arguments
}

private func groups(_ count: Int32, of size: Int) -> Int { (Int(count) + size - 1) / size }

extension KernelLaunch<swiftlet_product_arguments> {
  /// The tiles of a product, which decide about speed alone.
  package enum Tiles: Sendable {
    case large
    case small
  }

  /// The product of many rows, those of `windows` windows: see `swiftlet_product_arguments`.
  ///
  /// - Parameter tiles: large ones if nil, unless they would be too few to keep a GPU busy.
  package static func product(
    _ precision: DevicePrecision, _ arguments: swiftlet_product_arguments, windows: Int = 1,
    tiles: Tiles? = nil
  ) -> Self {
    precondition(Int(arguments.depth) % precision.alignment == 0)
    precondition(Int(arguments.a_step) % precision.alignment == 0)
    let size: Int
    let name: String
    let shared: Int
    var count = swiftlet_threads
    if precision == .fp32 {
      (size, name, shared) = (64, "product_fp32", swiftlet_product_fp32_shared)
    } else {
      let large = groups(arguments.rows, of: 128) * groups(arguments.columns, of: 128) * windows
      if tiles ?? (large >= 128 ? .large : .small) == .large {
        (size, name, shared) = (128, "product_\(precision)", swiftlet_product_shared)
      } else {
        (size, name, shared) = (
          64, "product_small_\(precision)", swiftlet_product_small_shared
        )
        count = swiftlet_small_threads
      }
    }
    return Self(
      name: name, grid: (groups(arguments.columns, of: size), groups(arguments.rows, of: size), windows),
      threads: count, sharedBytes: shared, arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_few_arguments> {
  /// Rows that one pass over the weights can take.
  package static var passes: [Int] { [8, 16, 32, 64] }

  /// The product of few rows: see `swiftlet_few_arguments`.
  ///
  /// - Parameter pass: one of ``passes``, the least that takes all rows if nil; decides about speed alone.
  package static func productRows(
    _ precision: DevicePrecision, _ arguments: swiftlet_few_arguments, pass: Int? = nil
  ) -> Self {
    precondition(Int(arguments.depth) % precision.alignment == 0)
    precondition(Int(arguments.a_step) % precision.alignment == 0)
    let isPlain = precision == .fp32
    let pass = isPlain ? 8 : pass ?? passes.first { $0 >= Int(arguments.rows) } ?? 64
    let columns = isPlain ? swiftlet_few_columns_fp32 : swiftlet_few_columns
    return Self(
      name: "product_rows\(pass)_\(precision)",
      grid: (groups(arguments.columns, of: columns), groups(arguments.rows, of: pass), 1),
      threads: swiftlet_threads, sharedBytes: isPlain ? 0 : Int(swiftlet_few_shared(UInt32(pass))),
      arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_normalize_arguments> {
  /// Layer normalization: see `swiftlet_normalize_arguments`.
  package static func normalize(
    _ precision: DevicePrecision, _ arguments: swiftlet_normalize_arguments, windows: Int = 1
  ) -> Self {
    Self(
      name: "normalize_\(precision)",
      grid: (groups(arguments.rows, of: swiftlet_normalize_rows), windows, 1),
      threads: swiftlet_threads, sharedBytes: 0, arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_attend_arguments> {
  /// The encoder's attention: see `swiftlet_attend_arguments`.
  package static func attend(
    _ precision: DevicePrecision, _ arguments: swiftlet_attend_arguments, windows: Int = 1
  ) -> Self {
    let isPlain = precision == .fp32
    let rows = isPlain ? swiftlet_attend_rows_fp32 : swiftlet_attend_rows
    return Self(
      name: "attend_\(precision)",
      grid: (groups(arguments.positions, of: rows), Int(arguments.heads), windows),
      threads: swiftlet_attention_threads,
      sharedBytes: isPlain ? swiftlet_attend_fp32_shared : swiftlet_attend_shared,
      arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_attend_rows_arguments> {
  /// The decoder's attention to its own tokens: see `swiftlet_attend_rows_arguments`.
  ///
  /// - Parameter positions: that a slot of the cache has at most, 10,000 at the very most.
  package static func attendSelf(
    _ precision: DevicePrecision, _ arguments: swiftlet_attend_rows_arguments, rows: Int, positions: Int
  ) -> Self {
    precondition(positions <= 10_000, "scores have to fit into shared memory")
    return Self(
      name: "attend_self_\(precision)", grid: (Int(arguments.heads), rows, 1),
      threads: swiftlet_attention_threads,
      sharedBytes: Int(swiftlet_attend_rows_shared(UInt32(positions))), arguments: arguments)
  }

  /// Parts that the positions of a slot are cut into for ``attendCross(_:_:rows:positions:)``.
  package static func crossParts(positions: Int) -> Int {
    groups(Int32(positions), of: swiftlet_cross_positions)
  }

  /// The first half of the decoder's attention to the sound; ``joinCross(_:_:rows:)`` is the second.
  ///
  /// - Parameter positions: that any slot has at most.
  package static func attendCross(
    _ precision: DevicePrecision, _ arguments: swiftlet_attend_rows_arguments, rows: Int, positions: Int
  ) -> Self {
    let parts = crossParts(positions: positions)
    precondition(Int(arguments.parts_stride) >= parts)
    return Self(
      name: "attend_cross_\(precision)", grid: (Int(arguments.heads), rows, parts),
      threads: swiftlet_attention_threads,
      sharedBytes: Int(swiftlet_attend_rows_shared(UInt32(swiftlet_cross_positions))),
      arguments: arguments)
  }

  package static func joinCross(
    _ precision: DevicePrecision, _ arguments: swiftlet_attend_rows_arguments, rows: Int
  ) -> Self {
    Self(
      name: "attend_join_\(precision)", grid: (Int(arguments.heads), rows, 1),
      threads: swiftlet_head_channels, sharedBytes: 0, arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_alignment_arguments> {
  /// Where rows look: see `swiftlet_alignment_arguments`.
  ///
  /// - Parameter listed: how many heads the arguments list.
  package static func alignment(
    _ precision: DevicePrecision, _ arguments: swiftlet_alignment_arguments, listed: Int, rows: Int
  ) -> Self {
    precondition(arguments.positions <= 10_000, "scores have to fit into shared memory")
    return Self(
      name: "alignment_\(precision)", grid: (listed, arguments.positions > 0 ? rows : 0, 1),
      threads: swiftlet_attention_threads,
      sharedBytes: Int(swiftlet_alignment_shared(UInt32(arguments.positions))), arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_embed_arguments> {
  /// Tokens to the residual stream: see `swiftlet_embed_arguments`.
  package static func embed(
    _ precision: DevicePrecision, _ arguments: swiftlet_embed_arguments, rows: Int
  ) -> Self {
    Self(
      name: "embed_\(precision)", grid: (rows, 1, 1), threads: swiftlet_threads, sharedBytes: 0,
      arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_copy_arguments> {
  /// Copies of cache positions: see `swiftlet_copy_arguments`.
  ///
  /// - Parameter longest: positions of the longest job.
  package static func copyCache(
    _ arguments: swiftlet_copy_arguments, jobs: Int, layers: Int, longest: Int
  ) -> Self {
    precondition(
      arguments.position_bytes % 16 == 0 && arguments.layer_bytes % 16 == 0 && arguments.slot_bytes % 16 == 0)
    // A thread copies 16 bytes at a time, eight times.
    let pieces =
      (longest * Int(arguments.position_bytes) + swiftlet_threads * 128 - 1) / (swiftlet_threads * 128)
    return Self(
      name: "copy_cache", grid: (pieces, layers, jobs), threads: swiftlet_threads, sharedBytes: 0,
      arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_repack_arguments> {
  /// An engine's panels to rows: see `swiftlet_repack_arguments`.
  package static func repack(_ precision: DevicePrecision, _ arguments: swiftlet_repack_arguments) -> Self {
    let terms = swiftlet_repack_terms
    return Self(
      name: "repack_\(precision)",
      grid: ((Int(arguments.c_step) + terms - 1) / terms, groups(arguments.columns, of: 64), 1),
      threads: swiftlet_threads, sharedBytes: swiftlet_repack_shared, arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_peak_arguments> {
  static func peak(
    _ precision: DevicePrecision, _ arguments: swiftlet_peak_arguments, blocks: Int
  ) -> Self {
    Self(
      name: "peak_\(precision)", grid: (blocks, 1, 1), threads: swiftlet_threads, sharedBytes: 0,
      arguments: arguments)
  }
}

extension KernelLaunch<swiftlet_nothing_arguments> {
  static var nothing: Self {
    Self(name: "nothing", grid: (1, 1, 1), threads: 32, sharedBytes: 0, arguments: .init(reserved: 0))
  }
}
