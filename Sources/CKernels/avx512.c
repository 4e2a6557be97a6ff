// AVX-512: 32 registers of 16 floats hold a block of 6 rows by 64 columns.

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define KERNELS swiftlet_kernels_avx512
#define KERNELS_NAME "avx512"
#define LANES 16
#define TILE_ROWS 6
#define TILE_VECTORS 4
#include "kernels.inc"
#pragma clang attribute pop
#endif
