// Which of the tables this processor can run.

#include "include/CKernels.h"

extern const swiftlet_kernels swiftlet_kernels_portable;
#if defined(__x86_64__)
extern const swiftlet_kernels swiftlet_kernels_avx512;
extern const swiftlet_kernels swiftlet_kernels_avx2;
#endif

const swiftlet_kernels *const *swiftlet_available_kernels(size_t *count) {
#if defined(__x86_64__)
  static const swiftlet_kernels *const tables[] = {
      &swiftlet_kernels_avx512, &swiftlet_kernels_avx2, &swiftlet_kernels_portable};
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma")) {
    *count = 3;
    return tables;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    *count = 2;
    return tables + 1;
  }
  *count = 1;
  return tables + 2;
#else
  static const swiftlet_kernels *const tables[] = {&swiftlet_kernels_portable};
  *count = 1;
  return tables;
#endif
}
