// AVX-512 with products of bytes (Cascade Lake, Ice Lake).

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), apply_to = function)
#define KERNELS swiftlet_kernels_avx512vnni
#define KERNELS_NAME "avx512vnni"
#define DOT_BYTES(accumulator, a, b) (vi) _mm512_dpbusd_epi32((__m512i)(accumulator), (__m512i)(a), (__m512i)(b))
#include "avx512.inc"
#pragma clang attribute pop
#endif
