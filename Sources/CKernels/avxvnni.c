// AVX2 with products of bytes (Alder Lake and later, Zen 5).

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#define KERNELS swiftlet_kernels_avxvnni
#define KERNELS_NAME "avxvnni"
#define DOT_BYTES(accumulator, a, b) \
  (vi) _mm256_dpbusd_avx_epi32((__m256i)(accumulator), (__m256i)(a), (__m256i)(b))
#define LANES 8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#define HAS_F16
#define VMAX(a, b) (vf) _mm256_max_ps((__m256)(a), (__m256)(b))
#define VMIN(a, b) (vf) _mm256_min_ps((__m256)(a), (__m256)(b))
#include "kernels.inc"
#pragma clang attribute pop
#endif
