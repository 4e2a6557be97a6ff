// NEON, which every arm64 processor has: 32 registers of 4 floats hold a block of 6 rows by 16 columns.

#if defined(__aarch64__)
#include <arm_neon.h>
#define KERNELS swiftlet_kernels_neon
#define KERNELS_NAME "neon"
#define LANES 4
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define HAS_F16
#include "kernels.inc"
#endif
