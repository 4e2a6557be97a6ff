// Embeds the kernels' PTX, which Scripts/build-ptx makes, from the folder `data`.

#include "CDevice.h"

#include <stdio.h>
#include <string.h>

// `#embed` is C23; clang accepts it in every mode and says so with this warning.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define PTX(file) static const char file##_text[] = {
#define END_PTX , 0 };

PTX(attend)
#embed "data/attend.ptx"
END_PTX
PTX(attend_fp32)
#embed "data/attend_fp32.ptx"
END_PTX
PTX(attend_rows)
#embed "data/attend_rows.ptx"
END_PTX
PTX(ceilings)
#embed "data/ceilings.ptx"
END_PTX
PTX(memory)
#embed "data/memory.ptx"
END_PTX
PTX(normalize)
#embed "data/normalize.ptx"
END_PTX
PTX(product)
#embed "data/product.ptx"
END_PTX
PTX(product_fp32)
#embed "data/product_fp32.ptx"
END_PTX
PTX(product_rows)
#embed "data/product_rows.ptx"
END_PTX

const swiftlet_ptx *swiftlet_all_ptx(size_t *count) {
#define ENTRY(file) {#file, file##_text, sizeof file##_text - 1},
  static const swiftlet_ptx all[] = {
      ENTRY(attend) ENTRY(attend_fp32) ENTRY(attend_rows) ENTRY(ceilings) ENTRY(memory) ENTRY(normalize) ENTRY(product)
      ENTRY(product_fp32) ENTRY(product_rows)};
  *count = sizeof all / sizeof *all;
  return all;
}

const swiftlet_ptx *swiftlet_ptx_of(const char *name) {
  char entry[128];
  snprintf(entry, sizeof entry, ".entry %s(", name);
  size_t count;
  const swiftlet_ptx *all = swiftlet_all_ptx(&count);
  for (size_t i = 0; i < count; ++i) {
    if (strstr(all[i].text, entry)) return &all[i];
  }
  return NULL;
}
