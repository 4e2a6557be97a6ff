// A driver whose GPUs are emulated: the table of functions of CDevice, for tests.
//
// Streams and graphs are lists of what is to be done, and nothing is done before somebody waits for it: then the other streams'
// work may be done as well, or not. A copy to the host fills its target with rubbish until then; one from memory that the
// driver allocated reads it only then.

#pragma once

#include "CDevice.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One emulated GPU.
typedef struct {
  /// Bytes of memory.
  size_t memory;
  int32_t major, minor;
  int32_t multiprocessors;
  /// What decides the order of threads and streams.
  uint64_t seed;
} emulated_settings;

/// Settings of an A100 with little memory.
emulated_settings emulated_defaults(void);

/// Adds a GPU, which stays until the program ends.
///
/// - Returns: its index, by which the driver's functions know it.
__attribute__((visibility("default"))) int32_t emulated_add(emulated_settings settings);

/// The table of functions, for all GPUs that have been added.
__attribute__((visibility("default"))) const swiftlet_driver *_Nonnull emulated_driver(void);

/// Lets a function fail: the `nth` call from now on (1 for the next) that has to do with this GPU returns `code`. From 700 on, a
/// code means that the GPU is lost: all calls return it then.
__attribute__((visibility("default"))) void emulated_fail(int32_t device, const char *_Nonnull function, int32_t nth,
                                                          int32_t code);

/// What was wrong with the last launch or call that was refused; empty if nothing was. Valid until the next call for this GPU.
__attribute__((visibility("default"))) const char *_Nonnull emulated_report(int32_t device);

typedef struct {
  /// What is there now.
  int32_t contexts, allocations, host_allocations, streams, events, modules, graphs;
  size_t bytes;
  /// What happened since the start.
  int64_t launches, bank_conflicts, accesses, synchronizations, operations;
} emulated_counts;
__attribute__((visibility("default"))) emulated_counts emulated_count(int32_t device);

#ifdef __cplusplus
}
#endif
