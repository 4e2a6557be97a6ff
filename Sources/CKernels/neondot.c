// NEON with products of bytes (Armv8.2 and later: Apple's, Graviton 2, Cortex-A55 and later).

#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define KERNELS swiftlet_kernels_neondot
#define KERNELS_NAME "neondot"
#define SIGNED_BYTES
#define DOT_BYTES(accumulator, a, b) \
  (vi) vdotq_s32((int32x4_t)(accumulator), (int8x16_t)(a), (int8x16_t)(b))
#define LANES 4
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define HAS_F16
// 24 of the 32 registers are the block; so, clang 21 spills nothing in the loops of fp32, fp16 and bf16 or bytes.
#define UNROLL 1
#define BF16_IN_HALVES
#include "kernels.inc"
#pragma clang attribute pop
#endif
