// What host and kernels agree on: the arguments of each kernel as one structure, its threads, its shared memory, its grid.
//
// Swift reads this file, and so does every kernel. Lengths and steps count elements, not bytes, unless they say otherwise. "T" is
// the type that a kernel is named after: bf16, fp16 or fp32. "Idle" rows fill up a bucket of rows; they belong to no sequence.

#pragma once

#if defined(SWIFTLET_KERNEL)
// Kernels are compiled without any system header.
typedef __INT32_TYPE__ int32_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
#define SWIFTLET_AT(type) type *
#else
#include <stdint.h>
/// An address in the device's memory, which the host can't read.
#define SWIFTLET_AT(type) uint64_t
#endif
#if defined(__CUDA__)
#define SWIFTLET_INLINE static __attribute__((device)) inline
#else
#define SWIFTLET_INLINE static inline
#endif

enum {
  /// Channels that a head takes up in every matrix: heads with fewer are filled up with zeros, as in an engine's panels.
  swiftlet_head_channels = 64,
  /// Threads of a block: of attention, of products of small tiles, and of all others.
  swiftlet_attention_threads = 128,
  swiftlet_small_threads = 128,
  swiftlet_threads = 256,
  /// Positions of a part of cross attention: parts are computed apart and joined in order. The same for every launch, because
  /// the order of sums depends on it.
  swiftlet_cross_positions = 256,
  /// Rows that a block of `normalize_T` takes.
  swiftlet_normalize_rows = 8,
  /// Terms of a panel that a block of `repack_T` takes.
  swiftlet_repack_terms = 64,
  /// Columns that a block of `product_rowsN_T` computes, in fp32 and else.
  swiftlet_few_columns_fp32 = 8,
  swiftlet_few_columns = 16,
  /// Query rows that a block of `attend_T` takes, in fp32 and else.
  swiftlet_attend_rows_fp32 = 32,
  swiftlet_attend_rows = 64,
};

/// What becomes of a sum before it is stored.
enum {
  /// x/2 (1 + erf(x / sqrt 2)).
  swiftlet_result_gelu = 1,
  /// The result is written in fp32 rather than in T.
  swiftlet_result_fp32 = 2,
};

/// `product_T` (tiles of 128 by 128) and `product_small_T` (64 by 64), which give the same bits:
/// c = activation(a bᵀ + bias) + residual, for several windows at once.
///
/// Grid: tiles of columns, tiles of rows, windows. Rows of `a` may overlap (a convolution). In bf16 and fp16, `depth` and all
/// steps of `a` are multiples of 8; in fp32, of 4.
typedef struct {
  /// `[windows][rows][depth]` of T.
  SWIFTLET_AT(const void) a;
  /// `[columns][depth]` of T.
  SWIFTLET_AT(const void) b;
  /// `[columns]`, or null.
  SWIFTLET_AT(const float) bias;
  /// Rows that are added, or null; may be `c`.
  SWIFTLET_AT(const float) residual;
  SWIFTLET_AT(void) c;
  /// `[windows][sources_window]`: which row of `a`, and of `residual`, row r comes from; null for row r.
  SWIFTLET_AT(const int32_t) sources;
  /// `[windows]`: rows of each window, at most `rows`; null for `rows`.
  SWIFTLET_AT(const int32_t) counts;
  /// `[windows]`: which of c's windows a result goes to; null for the same.
  SWIFTLET_AT(const int32_t) slots;
  uint64_t a_step, a_window, c_step, c_window, residual_step, residual_window, sources_window;
  int32_t rows, columns, depth, flags;
} swiftlet_product_arguments;

/// Bytes of shared memory of `product_T`, `product_small_T` and `product_fp32`.
enum {
  swiftlet_product_shared = 3 * (128 + 128) * 32 * 2,
  swiftlet_product_small_shared = 3 * (64 + 64) * 32 * 2,
  swiftlet_product_fp32_shared = 2 * 16 * (64 + 4) * 4,
};

/// `product_rowsN_T`, the product for few rows, which reads the weights once for every N rows: c = activation(a bᵀ + bias) +
/// residual. The columns from `cache_column` on go to the rows' places in a cache instead.
///
/// N is 8, 16, 32 or 64 in bf16 and fp16, and 8 in fp32; every N gives the same bits. Grid: groups of
/// `swiftlet_few_columns` columns, groups of N rows. `depth` and `a_step` as above.
typedef struct {
  SWIFTLET_AT(const void) a;
  SWIFTLET_AT(const void) b;
  SWIFTLET_AT(const float) bias;
  SWIFTLET_AT(const float) residual;
  SWIFTLET_AT(void) c;
  /// `[slots][positions][columns - cache_column]` of T; null if all columns go to `c`.
  SWIFTLET_AT(void) cache;
  /// `[rows]`: where in the cache; a slot below 0 is an idle row's.
  SWIFTLET_AT(const int32_t) slots;
  SWIFTLET_AT(const int32_t) positions;
  uint64_t a_step, c_step, residual_step, cache_slot, cache_step;
  int32_t rows, columns, depth, flags, cache_column, reserved;
} swiftlet_few_arguments;

/// Bytes of shared memory of `product_rowsN_T`; none in fp32.
SWIFTLET_INLINE uint32_t swiftlet_few_shared(uint32_t rows) { return 8 * 16 * (rows + 1) * 4; }

/// `normalize_T`: layer normalization of rows of the residual stream, c = (x - mean) / sqrt(variance + epsilon) gamma + beta.
///
/// Grid: groups of `swiftlet_normalize_rows` rows, windows.
typedef struct {
  SWIFTLET_AT(const float) x;
  SWIFTLET_AT(const float) gamma;
  SWIFTLET_AT(const float) beta;
  SWIFTLET_AT(void) c;
  /// `[rows]`: which row of `x` row r comes from, for every window; null for row r. Below 0: an idle row, which becomes zeros.
  SWIFTLET_AT(const int32_t) sources;
  /// `[windows]`: rows of each window, at most `rows`; null for `rows`.
  SWIFTLET_AT(const int32_t) counts;
  uint64_t x_step, x_window, c_step, c_window;
  int32_t rows, width, flags;
  float epsilon;
} swiftlet_normalize_arguments;

/// `attend_T`: the encoder's attention, softmax(q kᵀ scale + bias) v of each head of each window.
///
/// Grid: groups of `swiftlet_attend_rows` query rows, heads, windows.
typedef struct {
  /// `[windows][positions][3 heads 64]` of T: queries, keys, values.
  SWIFTLET_AT(const void) queries_keys_values;
  /// `[windows][bias_window]`: the logarithm of how many positions a position stands for; null if all are 0.
  SWIFTLET_AT(const float) bias;
  /// `[windows]`: positions of each window, at most `positions`; null for `positions`.
  SWIFTLET_AT(const int32_t) counts;
  /// `[windows][positions][heads 64]` of T.
  SWIFTLET_AT(void) c;
  uint64_t step, window, c_step, c_window, bias_window;
  int32_t positions, heads;
  /// 1 / sqrt(channels of a head).
  float scale;
  int32_t reserved;
} swiftlet_attend_arguments;

/// Bytes of shared memory of `attend_T`.
enum {
  swiftlet_attend_shared = (64 + 2 * 2 * 64) * 64 * 2,
  swiftlet_attend_fp32_shared = (32 + 64 + 64) * (64 + 4) * 4,
};

/// `attend_self_T` and `attend_cross_T`: the attention of decoder rows to a cache, each row to that of its own slot.
///
/// Grid of `attend_self_T`: heads, rows. Of `attend_cross_T`: heads, rows, parts of `swiftlet_cross_positions` positions, which
/// `attend_join_T` puts together; its grid is heads, rows.
typedef struct {
  /// `[rows][heads 64]` of T; `query_step` may be more.
  SWIFTLET_AT(const void) queries;
  /// `[slots][positions][2 heads 64]` of T: keys, values.
  SWIFTLET_AT(const void) cache;
  /// `[rows]`; below 0: an idle row, which becomes zeros.
  SWIFTLET_AT(const int32_t) slots;
  /// Self attention: `[rows]`, the position of each row, which attends to itself and all before it. Cross attention: `[slots]`,
  /// how many positions a slot has.
  SWIFTLET_AT(const int32_t) positions;
  /// `[slots][bias_slot]`, or null: as in `attend_T`. Cross attention only.
  SWIFTLET_AT(const float) bias;
  /// `[rows][heads 64]` of T.
  SWIFTLET_AT(void) c;
  /// Cross attention: `[rows][heads][parts][66]`: of each part the largest score, the sum of weights, and the weighted values.
  SWIFTLET_AT(float) parts;
  uint64_t query_step, cache_slot, cache_step, c_step, bias_slot;
  int32_t heads, parts_stride;
  float scale;
  int32_t reserved;
} swiftlet_attend_rows_arguments;

/// Bytes of shared memory of `attend_self_T`, for a cache of `positions` positions; of `attend_cross_T`, for those of a part.
SWIFTLET_INLINE uint32_t swiftlet_attend_rows_shared(uint32_t positions) { return (8 + 4 * 64 + positions) * 4; }

/// `alignment_T`: where in the sound rows look, softmax(q kᵀ scale) over the first `positions` positions alone.
///
/// Grid: listed heads, rows.
typedef struct {
  SWIFTLET_AT(const void) queries;
  SWIFTLET_AT(const void) cache;
  SWIFTLET_AT(const int32_t) slots;
  /// `[listed]`: heads of this layer, and which plane of `c` the weights of each go to.
  SWIFTLET_AT(const int32_t) heads;
  SWIFTLET_AT(const int32_t) planes;
  /// `[planes][rows][positions]`, fp32.
  SWIFTLET_AT(float) c;
  uint64_t query_step, cache_slot, cache_step, c_step, c_plane;
  int32_t positions;
  float scale;
} swiftlet_alignment_arguments;

/// Bytes of shared memory of `alignment_T`.
SWIFTLET_INLINE uint32_t swiftlet_alignment_shared(uint32_t positions) { return (8 + positions) * 4; }

/// `embed_T`: the decoder's first stream, table[token] / smoothing + place[position], in fp32.
///
/// Grid: rows.
typedef struct {
  /// `[vocabulary][width]` of T: the weights of the vocabulary projection.
  SWIFTLET_AT(const void) table;
  /// `[width]`, or null: what the table's columns were multiplied by.
  SWIFTLET_AT(const float) smoothing;
  /// `[positions][width]`.
  SWIFTLET_AT(const float) places;
  /// `[rows]`; a token below 0 is an idle row's, which becomes zeros.
  SWIFTLET_AT(const int32_t) tokens;
  SWIFTLET_AT(const int32_t) positions;
  SWIFTLET_AT(float) c;
  uint64_t c_step;
  int32_t width, reserved;
} swiftlet_embed_arguments;

/// Positions `first..<end` of slot `from`, which slot `to` takes over.
typedef struct {
  int32_t from, to, first, end;
} swiftlet_copy_job;

/// `copy_cache`: positions from slot to slot, in every layer. No slot that one job writes may occur in another job of the launch,
/// for jobs run in any order.
///
/// Grid: pieces, layers, jobs. The cache is `[slots][layers][positions]`; all three lengths are in bytes, multiples of 16.
typedef struct {
  SWIFTLET_AT(void) cache;
  SWIFTLET_AT(const swiftlet_copy_job) jobs;
  uint64_t slot_bytes, layer_bytes, position_bytes;
} swiftlet_copy_arguments;

/// The stored types of an engine's weights; `group` values of one column stand side by side: 1, 1, 2, 4.
enum {
  swiftlet_panel_fp32 = 0,
  swiftlet_panel_fp16 = 1,
  swiftlet_panel_bf16 = 2,
  swiftlet_panel_int8 = 3,
};

/// `repack_T`: an engine's panels, `[panels][terms / group][64][group]`, to rows of T, `[columns][depth]`.
///
/// Grid: groups of `swiftlet_repack_terms` terms, panels.
typedef struct {
  SWIFTLET_AT(const void) panels;
  /// Of bytes: what each column's are multiplied by. Null otherwise.
  SWIFTLET_AT(const float) scales;
  SWIFTLET_AT(void) c;
  /// `depth` filled up to whole groups.
  uint64_t terms;
  uint64_t c_step;
  int32_t columns, depth, source, reserved;
} swiftlet_repack_arguments;

/// Bytes of shared memory of `repack_T`.
enum { swiftlet_repack_shared = 64 * (64 + 1) * 4 };

/// `peak_T`: multiply-adds in registers alone, the ceiling of products: 16 m16n8k16 products by each warp, `rounds` times.
///
/// Grid: as many blocks as are to run.
typedef struct {
  SWIFTLET_AT(float) c;
  int32_t rounds, reserved;
} swiftlet_peak_arguments;

/// `nothing`: a kernel that does nothing, the ceiling of launches.
typedef struct {
  uint64_t reserved;
} swiftlet_nothing_arguments;
