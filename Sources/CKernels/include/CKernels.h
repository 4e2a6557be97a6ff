// The innermost loops of Swiftlet: one table of functions for each instruction set, chosen when the program starts.

#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Columns of one packed panel: a packed matrix holds `[columns / 64][depth][64]`, the last panel filled with zeros.
enum { swiftlet_panel_columns = 64 };

/// The function applied to a product's result, before the residual is added.
typedef enum {
  swiftlet_activation_none = 0,
  /// x/2 (1 + erf(x / sqrt 2)), the exact form that Whisper was trained with.
  swiftlet_activation_gelu = 1,
} swiftlet_activation;

/// c = activation(a b + bias) + residual.
typedef struct {
  /// `[rows, depth]`; consecutive rows start `a_stride` floats apart, which may be less than `depth` (convolution).
  const float *a;
  size_t a_stride;
  /// Packed panels `[panels][depth][64]`; a panel starts `b_panel_stride` floats after the one before.
  const float *b;
  size_t b_panel_stride;
  size_t depth;
  /// One value a column, or null.
  const float *bias;
  /// `[rows, columns]`, rows `residual_stride` floats apart, or null. May be `c` itself.
  const float *residual;
  size_t residual_stride;
  float *c;
  size_t c_stride;
  /// Columns of the result that are stored.
  size_t columns;
  swiftlet_activation activation;
} swiftlet_product_f32;

/// What one instruction set offers.
typedef struct {
  const char *name;
  /// Rows that the product's inner loop takes at once; work is best cut at multiples of it.
  size_t tile_rows;
  /// Computes rows `[row_begin, row_end)` of panels `[panel_begin, panel_end)`.
  void (*product_f32)(const swiftlet_product_f32 *product, size_t row_begin, size_t row_end,
                      size_t panel_begin, size_t panel_end);
  /// x = exp(x - max x) / sum, in place.
  void (*softmax_f32)(float *x, size_t count);
  /// out = (x - mean) / sqrt(variance + epsilon) * gamma + beta for one row.
  void (*layer_norm_f32)(const float *x, const float *gamma, const float *beta, float epsilon, size_t count,
                         float *out);
  /// x = gelu(x), in place; what the product's epilogue applies, for tests.
  void (*gelu_f32)(float *x, size_t count);
} swiftlet_kernels;

/// The tables this processor can run, best first; `*count` is set to how many there are.
const swiftlet_kernels *const *swiftlet_available_kernels(size_t *count);

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
