// The innermost loops of Swiftlet: one table of functions for each instruction set, chosen when the program starts.

#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Columns of one packed panel. The packing is the same for every instruction set: `[panels][depth / g][64][g]`, where
/// g values of one column that are multiplied together stand side by side (1 for fp32 and fp16, 2 for bf16, 4 for int8).
enum { swiftlet_panel_columns = 64 };

/// The types of a product's two operands.
typedef enum {
  /// fp32 by fp32.
  swiftlet_operands_f32 = 0,
  /// fp32 by fp16 that is widened as it is read.
  swiftlet_operands_f16 = 1,
  /// bf16 by bf16, summed in fp32.
  swiftlet_operands_bf16 = 2,
  /// Unsigned by signed bytes from -127 to 127, summed in int32.
  swiftlet_operands_int8 = 3,
} swiftlet_operands;

/// A type that rows are written in.
typedef enum {
  swiftlet_rows_f32 = 0,
  swiftlet_rows_bf16 = 1,
  /// Unsigned bytes, x = scale (q - zero), with one scale and zero a row.
  swiftlet_rows_u8 = 2,
} swiftlet_rows;

/// The function applied to a product's result, before the residual is added.
typedef enum {
  swiftlet_activation_none = 0,
  /// x/2 (1 + erf(x / sqrt 2)), the exact form that Whisper was trained with, to a few ulp.
  swiftlet_activation_gelu = 1,
  /// The same to 2e-4 absolute: for results that are rounded to bf16 or to bytes next.
  swiftlet_activation_gelu_coarse = 2,
} swiftlet_activation;

/// c = activation(row_scale (a b) + bias) + residual; with bytes, a b is a_scale b_scale (a - a_zero) b.
typedef struct {
  swiftlet_operands operands;
  swiftlet_activation activation;
  /// `[rows, depth]`; consecutive rows start `a_stride` bytes apart, which may be less than a row (convolution).
  const void *a;
  size_t a_stride;
  /// One a row, for bytes; or null.
  const float *a_scale;
  const int32_t *a_zero;
  /// Packed panels; a panel starts `b_panel_stride` bytes after the one before.
  const void *b;
  size_t b_panel_stride;
  /// One a column, for bytes: the scale, and the sum of the column's bytes; or null. Filled up to whole panels.
  const float *b_scale;
  const int32_t *b_sum;
  /// Terms of a sum, a multiple of g.
  size_t depth;
  /// One a row, or null.
  const float *row_scale;
  /// One a column, or null. Filled up to whole panels.
  const float *bias;
  /// Rows `residual_stride` floats apart, or null. May be `c` itself.
  const float *residual;
  size_t residual_stride;
  /// Rows of fp32 or bf16 (`c_rows`), `c_stride` elements apart.
  void *c;
  size_t c_stride;
  swiftlet_rows c_rows;
  /// Columns of the result that are stored.
  size_t columns;
} swiftlet_product;

/// Where rows are written, and in which type.
typedef struct {
  swiftlet_rows rows;
  void *out;
  /// From one row to the next, in bytes.
  size_t stride;
  /// For bytes: where the first row's scale and zero go, those of the others behind them; null otherwise.
  float *scale;
  int32_t *zero;
} swiftlet_row;

/// What one instruction set offers.
typedef struct {
  const char *name;
  /// Rows that work is best cut at multiples of: what the product's inner loop takes at once, or with tiles, one of them.
  size_t work_rows;
  /// Rows of an encoder block: over so many a layer's weights are used again while they are in cache.
  size_t block_rows;
  /// Query rows that attention works on at once, so that their scores stay in cache.
  size_t attention_rows;

  /// Computes rows `[row_begin, row_end)` of panels `[panel_begin, panel_end)`.
  void (*product)(const swiftlet_product *product, size_t row_begin, size_t row_end, size_t panel_begin,
                  size_t panel_end);

  /// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta for each of `rows` rows of `count` values, `stride` floats
  /// apart; `scratch` holds `count` floats.
  void (*layer_norm)(const float *x, size_t stride, const float *gamma, const float *beta, float epsilon, size_t rows,
                     size_t count, float *scratch, swiftlet_row out);
  /// y = scale * x in another type, row by row as above.
  void (*convert)(const float *x, size_t stride, float scale, size_t rows, size_t count, swiftlet_row out);

  /// Fp32: out = exp(x + bias - max), 0 below 2^-64; returns the sum of out, 0 if the largest is not finite. `bias` may be
  /// null, `out` may be `x`.
  float (*exponentials_f32)(const float *x, const float *bias, size_t count, float *out);
  /// The same for 2^(x + bias - max) in bf16, to 2e-4 before rounding; the sum is of the rounded values.
  float (*exponentials_bf16)(const float *x, const float *bias, size_t count, uint16_t *out);
  /// The sum of exp(x - max) without storing it; `*largest` is set to max. 0 if all are -infinity, or there are none.
  float (*sum_exponentials)(const float *x, size_t count, float *largest);

  /// Scatters rows of `width` (at most 64) channels, `stride` floats apart, to the packed keys of a head: position
  /// `first + r` is a column. Layout `[positions / 64][width / g][64][g]`.
  void (*store_keys_f32)(const float *x, size_t stride, size_t rows, size_t width, size_t first, float *keys);
  void (*store_keys_bf16)(const float *x, size_t stride, size_t rows, size_t width, size_t first, uint16_t *keys);
  /// In signed bytes, with the scale of each position and the sum of its bytes.
  void (*store_keys_s8)(const float *x, size_t stride, size_t rows, size_t width, size_t first, int8_t *keys,
                        float *scales, int32_t *sums);
  /// The same for values, `[positions / g][64][g]`: position `first + r` is a term of the sum.
  void (*store_values_f32)(const float *x, size_t stride, size_t rows, size_t width, size_t first, float *values);
  void (*store_values_bf16)(const float *x, size_t stride, size_t rows, size_t width, size_t first,
                            uint16_t *values);

  /// The index of the largest value, the first of several; NaN is passed over.
  size_t (*argmax)(const float *x, size_t count);
  /// x = gelu(x) in place, as the product's epilogue applies it, for tests.
  void (*gelu)(float *x, size_t count, swiftlet_activation activation);

  /// Multiply-adds in registers alone, `steps` times; returns how many operations (a multiply and an add are two) that
  /// were. What no product can exceed.
  double (*peak)(swiftlet_operands operands, size_t steps);
} swiftlet_kernels;

/// The tables this processor can run, best first; `*count` is set to how many there are.
const swiftlet_kernels *const *swiftlet_available_kernels(size_t *count);

/// Asks the system for what this process needs to use `kernels`; 0 if it refuses. For AMX, which needs larger signal frames:
/// whoever then gives a signal stack too small for them is refused that, for as long as the process lives.
int swiftlet_prepare(const swiftlet_kernels *kernels);

/// Reads `bytes` bytes from `from` with the widest loads, several streams at once; returns something that depends on all of
/// them. For measuring bandwidth.
uint64_t swiftlet_read_memory(const void *from, size_t bytes);

/// Takes `cycles` cycles of the processor's clock: additions that wait for each other. No time where it is not known how to.
void swiftlet_pass_cycles(size_t cycles);

/// Tells the processor that this thread is waiting in a loop.
static inline void swiftlet_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#ifdef __cplusplus
}
#endif
