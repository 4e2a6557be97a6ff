// Fills the table of the driver's functions from its library.

#include "driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

swiftlet_driver_state swiftlet_find_driver(const char *library, swiftlet_driver *table, char *reason, size_t reason_bytes) {
  static const struct {
    const char *name;
    size_t offset;
  } functions[] = {
#define SWIFTLET_DRIVER_ENTRY(field, name, parameters) {#name, offsetof(swiftlet_driver, field)},
      SWIFTLET_DRIVER_FUNCTIONS(SWIFTLET_DRIVER_ENTRY)
#undef SWIFTLET_DRIVER_ENTRY
  };
  void *handle = dlopen(library ? library : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *error = dlerror();
    snprintf(reason, reason_bytes, "%s", error ? error : "");
    return swiftlet_driver_missing;
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
    void *function = dlsym(handle, functions[i].name);
    if (!function) {
      snprintf(reason, reason_bytes, "%s", functions[i].name);
      dlclose(handle);
      return swiftlet_driver_too_old;
    }
    memcpy((char *)table + functions[i].offset, &function, sizeof function);
  }
  // The library stays open: the driver doesn't stand being unloaded.
  return swiftlet_driver_found;
}
