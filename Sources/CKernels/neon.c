// NEON, which every arm64 processor has: 32 registers of 4 floats hold a block of 6 rows by 16 columns.

#if defined(__aarch64__)
#include <arm_neon.h>
#define KERNELS swiftlet_kernels_neon
#define KERNELS_NAME "neon"
#define SIGNED_BYTES

// Two products of bytes from -128 to 127 by bytes from -127 to 127, which is all that weights are packed to, fit 16 bits.
static inline __attribute__((always_inline)) int32x4_t dot_bytes_words(int32x4_t sum, int8x16_t a, int8x16_t b) {
  int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b)), high = vmull_high_s8(a, b);
  return vpadalq_s16(sum, vpaddq_s16(low, high));
}

#define DOT_BYTES(accumulator, a, b) \
  (vi) dot_bytes_words((int32x4_t)(accumulator), (int8x16_t)(a), (int8x16_t)(b))
#define LANES 4
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define HAS_F16
// 24 of the 32 registers are the block; so, clang 21 spills nothing in the loops of fp32, fp16 and bf16.
#define UNROLL 1
#define BF16_IN_HALVES
#include "kernels.inc"
#endif
