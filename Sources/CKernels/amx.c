// AVX-512 and tiles: products of 16 rows by 16 columns of bytes or bf16 in one instruction (Sapphire Rapids).

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("amx-tile,amx-int8,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx2," \
                          "fma,f16c"))), \
    apply_to = function)
#define KERNELS swiftlet_kernels_amx
#define KERNELS_NAME "amx"
#define HAS_BF16
#define HAS_TILES
#define DOT_BYTES(accumulator, a, b) (vi) _mm512_dpbusd_epi32((__m512i)(accumulator), (__m512i)(a), (__m512i)(b))
#include "avx512.inc"
#pragma clang attribute pop
#endif
