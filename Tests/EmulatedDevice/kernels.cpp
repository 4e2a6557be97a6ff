// All kernels, compiled as C++ for the emulator. They are looked for in the include path, so that a test can put copies with
// planted faults in their place.

#define SWIFTLET_EMULATOR "kernel_emulation.h"

// How a loop is unrolled for a GPU is none of this compiler's business.
#pragma clang diagnostic ignored "-Wpass-failed"

#include "kernels/attend.cu"
#include "kernels/attend_fp32.cu"
#include "kernels/attend_rows.cu"
#include "kernels/ceilings.cu"
#include "kernels/memory.cu"
#include "kernels/normalize.cu"
#include "kernels/product.cu"
#include "kernels/product_fp32.cu"
#include "kernels/product_rows.cu"
