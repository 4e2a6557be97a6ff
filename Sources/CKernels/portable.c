// The compiler's baseline (SSE2 on x86-64), right everywhere: a block of 4 rows by 8 columns.

#define KERNELS swiftlet_kernels_portable
#define KERNELS_NAME "portable"
#define LANES 4
#define TILE_ROWS 4
#define TILE_VECTORS 2
#include "kernels.inc"
