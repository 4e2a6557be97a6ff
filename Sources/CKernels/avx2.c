// AVX2 with FMA and F16C: 16 registers of 8 floats hold a block of 6 rows by 16 columns.

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define KERNELS swiftlet_kernels_avx2
#define KERNELS_NAME "avx2"
#include "bytes_x86.inc"
#define DOT_BYTES dot_bytes_256
#define DOT_WORDS dot_words_256
#define LANES 8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#define HAS_F16
#define VMAX(a, b) (vf) _mm256_max_ps((__m256)(a), (__m256)(b))
#define VMIN(a, b) (vf) _mm256_min_ps((__m256)(a), (__m256)(b))
#include "kernels.inc"
#pragma clang attribute pop
#endif
