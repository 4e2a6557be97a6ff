// AVX-512 of the first processors that had it (Skylake-X): F, BW, VL, DQ.

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), \
                             apply_to = function)
#define KERNELS swiftlet_kernels_avx512
#define KERNELS_NAME "avx512"
#define DOT_512
#include "bytes_x86.inc"
#define DOT_BYTES dot_bytes_512
#define DOT_WORDS dot_words_512
#include "avx512.inc"
#pragma clang attribute pop
#endif
