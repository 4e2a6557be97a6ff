// Which of the tables this processor can run.

#include "include/CKernels.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern const swiftlet_kernels swiftlet_kernels_portable;
#if defined(__x86_64__)
extern const swiftlet_kernels swiftlet_kernels_amx, swiftlet_kernels_avx512bf16, swiftlet_kernels_avx512vnni, swiftlet_kernels_avx512,
    swiftlet_kernels_avxvnni, swiftlet_kernels_avx2;

#if defined(__linux__)
// arch_prctl(2): ARCH_GET_XCOMP_SUPP, ARCH_REQ_XCOMP_PERM, and the number of the tiles' state.
enum { supported_states = 0x1021, request_permission = 0x1023, tile_data = 18 };
#endif

// Whether the processor has AMX tiles of bytes and bf16, and the system knows them.
static int has_tiles(void) {
#if defined(__linux__)
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  const unsigned needed = 1u << 22 | 1u << 24 | 1u << 25;  // AMX-BF16, AMX-TILE, AMX-INT8
  uint64_t states = 0;
  return (d & needed) == needed && syscall(SYS_arch_prctl, supported_states, &states) == 0 && states >> tile_data & 1;
#else
  return 0;
#endif
}
#elif defined(__aarch64__)
extern const swiftlet_kernels swiftlet_kernels_neondot, swiftlet_kernels_neon;

static int has_dot_products(void) {
#if defined(__APPLE__)
  return 1;
#else
  return (getauxval(AT_HWCAP) & (1UL << 20)) != 0;  // HWCAP_ASIMDDP
#endif
}
#endif

const swiftlet_kernels *const *swiftlet_available_kernels(size_t *count) {
  // Filled once: `InstructionSet.available` is the one caller, and it is initialised once.
  static const swiftlet_kernels *tables[8];
  size_t n = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  const int vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  const int bf16 = vnni && __builtin_cpu_supports("avx512bf16");
  if (bf16 && has_tiles()) tables[n++] = &swiftlet_kernels_amx;
  if (bf16) tables[n++] = &swiftlet_kernels_avx512bf16;
  if (vnni) tables[n++] = &swiftlet_kernels_avx512vnni;
  if (avx512) tables[n++] = &swiftlet_kernels_avx512;
  if (avx2 && __builtin_cpu_supports("avxvnni")) tables[n++] = &swiftlet_kernels_avxvnni;
  if (avx2) tables[n++] = &swiftlet_kernels_avx2;
#elif defined(__aarch64__)
  if (has_dot_products()) tables[n++] = &swiftlet_kernels_neondot;
  tables[n++] = &swiftlet_kernels_neon;
#endif
  tables[n++] = &swiftlet_kernels_portable;
  *count = n;
  return tables;
}

int swiftlet_prepare(const swiftlet_kernels *kernels) {
#if defined(__x86_64__) && defined(__linux__)
  if (kernels == &swiftlet_kernels_amx) return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#endif
  (void)kernels;
  return 1;
}

void swiftlet_pass_cycles(size_t cycles) {
  uint64_t sum = 0, one = 1;
  for (size_t i = 0; i < cycles / 8; i++) {
#if defined(__x86_64__)
    // Not of a constant: newer processors add several of those at once.
    __asm__ volatile("add %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\t"
                     "add %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\tadd %1, %0"
                     : "+r"(sum)
                     : "r"(one));
#elif defined(__aarch64__)
    __asm__ volatile("add %0, %0, %1\n\tadd %0, %0, %1\n\tadd %0, %0, %1\n\tadd %0, %0, %1\n\t"
                     "add %0, %0, %1\n\tadd %0, %0, %1\n\tadd %0, %0, %1\n\tadd %0, %0, %1"
                     : "+r"(sum)
                     : "r"(one));
#else
    (void)sum, (void)one;
#endif
  }
}

uint64_t swiftlet_read_memory(const void *from, size_t bytes) {
  typedef uint64_t wide __attribute__((vector_size(64), aligned(1)));
  const wide *words = from;
  wide sums[4] = {0};
  size_t i = 0;
  for (; i + 4 <= bytes / sizeof(wide); i += 4)
    for (int stream = 0; stream < 4; stream++) sums[stream] += words[i + (size_t)stream];
  wide sum = sums[0] + sums[1] + sums[2] + sums[3];
  return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}
