// NVIDIA's driver as a table of functions, Swiftlet's kernels as PTX, and what both sides of a launch agree on.

#pragma once

#include "driver.h"
#include "kernel_arguments.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The PTX of the kernels in one file of `kernels`.
typedef struct {
  /// The file's name without its suffix.
  const char *_Nonnull name;
  /// Ends with a zero, as the driver wants it; it lives as long as the program.
  const char *_Nonnull text;
  /// Without the zero.
  size_t bytes;
} swiftlet_ptx;

/// All PTX; `count` receives how many there are.
const swiftlet_ptx *_Nonnull swiftlet_all_ptx(size_t *_Nonnull count);

/// The PTX that has the kernel `name`; null if there is no such kernel.
const swiftlet_ptx *_Nullable swiftlet_ptx_of(const char *_Nonnull name);

#ifdef __cplusplus
}
#endif
