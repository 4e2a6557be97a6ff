// The functions of NVIDIA's driver that Swiftlet calls, as a table that is filled while the program runs.
//
// Nothing of NVIDIA's is needed to build: the declarations are ours, of the driver's stable binary interface (the names that
// `libcuda.so.1` exports, with their version suffixes). The oldest driver that has them all and reads our PTX is that of
// CUDA 12.0 (r525). Every function returns a code, 0 for success.

#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A context, stream, event, module, function or graph of the driver's.
typedef void *swiftlet_handle;

/// Codes that Swiftlet tells apart.
enum {
  swiftlet_success = 0,
  swiftlet_invalid_value = 1,
  swiftlet_out_of_memory = 2,
  swiftlet_no_device = 100,
  swiftlet_invalid_device = 101,
  swiftlet_invalid_ptx = 218,
  swiftlet_unsupported_ptx = 222,
  swiftlet_invalid_handle = 400,
  swiftlet_not_found = 500,
  swiftlet_illegal_address = 700,
  swiftlet_launch_failed = 719,
  swiftlet_capture_unsupported = 900,
  swiftlet_capture_invalidated = 901,
};

/// Attributes of a device.
enum {
  swiftlet_attribute_multiprocessors = 16,
  swiftlet_attribute_major = 75,
  swiftlet_attribute_minor = 76,
};

enum {
  /// A stream that does not wait for the default one.
  swiftlet_stream_independent = 1,
  /// While a stream is captured, its thread must not call what would end the capture; others may.
  swiftlet_capture_this_thread = 1,
  swiftlet_event_no_times = 2,
  swiftlet_jit_error_text = 5,
  swiftlet_jit_error_bytes = 6,
};

/// How a kernel is launched.
typedef struct {
  uint32_t grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes;
  swiftlet_handle _Nullable stream;
  /// Attributes; none are used yet.
  void *_Nullable attributes;
  uint32_t attribute_count;
} swiftlet_launch;

// clang-format off
/// Each function of the table: its field, its exported name, its parameters.
#define SWIFTLET_DRIVER_FUNCTIONS(F)                                                                                           \
  F(initialize, cuInit, (uint32_t flags))                                                                                      \
  F(driver_version, cuDriverGetVersion, (int32_t *_Nonnull version))                                                           \
  F(error_name, cuGetErrorName, (int32_t code, const char *_Nullable *_Nonnull name))                                          \
  F(error_string, cuGetErrorString, (int32_t code, const char *_Nullable *_Nonnull text))                                      \
  F(device_count, cuDeviceGetCount, (int32_t *_Nonnull count))                                                                 \
  F(device, cuDeviceGet, (int32_t *_Nonnull device, int32_t index))                                                            \
  F(device_name, cuDeviceGetName, (char *_Nonnull name, int32_t bytes, int32_t device))                                        \
  F(device_attribute, cuDeviceGetAttribute, (int32_t *_Nonnull value, int32_t attribute, int32_t device))                      \
  F(device_memory, cuDeviceTotalMem_v2, (size_t *_Nonnull bytes, int32_t device))                                              \
  F(retain_context, cuDevicePrimaryCtxRetain, (swiftlet_handle _Nullable *_Nonnull context, int32_t device))                   \
  F(release_context, cuDevicePrimaryCtxRelease_v2, (int32_t device))                                                           \
  F(set_context, cuCtxSetCurrent, (swiftlet_handle _Nullable context))                                                         \
  F(memory_info, cuMemGetInfo_v2, (size_t *_Nonnull available, size_t *_Nonnull total))                                        \
  F(allocate, cuMemAlloc_v2, (uint64_t *_Nonnull address, size_t bytes))                                                       \
  F(release, cuMemFree_v2, (uint64_t address))                                                                                 \
  F(allocate_host, cuMemHostAlloc, (void *_Nullable *_Nonnull address, size_t bytes, uint32_t flags))                          \
  F(release_host, cuMemFreeHost, (void *_Nonnull address))                                                                     \
  F(copy_to_device, cuMemcpyHtoDAsync_v2,                                                                                      \
    (uint64_t to, const void *_Nonnull from, size_t bytes, swiftlet_handle _Nullable stream))                                  \
  F(copy_to_host, cuMemcpyDtoHAsync_v2,                                                                                        \
    (void *_Nonnull to, uint64_t from, size_t bytes, swiftlet_handle _Nullable stream))                                        \
  F(copy_on_device, cuMemcpyDtoDAsync_v2, (uint64_t to, uint64_t from, size_t bytes, swiftlet_handle _Nullable stream))        \
  F(fill, cuMemsetD8Async, (uint64_t to, uint8_t value, size_t bytes, swiftlet_handle _Nullable stream))                       \
  F(load_module, cuModuleLoadDataEx,                                                                                           \
    (swiftlet_handle _Nullable *_Nonnull module, const void *_Nonnull image, uint32_t count,                                   \
     int32_t *_Nullable options, void *_Nullable *_Nullable values))                                                           \
  F(unload_module, cuModuleUnload, (swiftlet_handle _Nonnull module))                                                          \
  F(function, cuModuleGetFunction,                                                                                             \
    (swiftlet_handle _Nullable *_Nonnull function, swiftlet_handle _Nonnull module, const char *_Nonnull name))                \
  F(launch, cuLaunchKernelEx,                                                                                                  \
    (const swiftlet_launch *_Nonnull launch, swiftlet_handle _Nonnull function, void *_Nullable *_Nonnull arguments,           \
     void *_Nullable *_Nullable extra))                                                                                        \
  F(create_stream, cuStreamCreate, (swiftlet_handle _Nullable *_Nonnull stream, uint32_t flags))                               \
  F(destroy_stream, cuStreamDestroy_v2, (swiftlet_handle _Nonnull stream))                                                     \
  F(synchronize, cuStreamSynchronize, (swiftlet_handle _Nullable stream))                                                      \
  F(wait_for_event, cuStreamWaitEvent, (swiftlet_handle _Nullable stream, swiftlet_handle _Nonnull event, uint32_t flags))     \
  F(begin_capture, cuStreamBeginCapture_v2, (swiftlet_handle _Nonnull stream, int32_t mode))                                   \
  F(end_capture, cuStreamEndCapture, (swiftlet_handle _Nonnull stream, swiftlet_handle _Nullable *_Nonnull graph))             \
  F(create_event, cuEventCreate, (swiftlet_handle _Nullable *_Nonnull event, uint32_t flags))                                  \
  F(destroy_event, cuEventDestroy_v2, (swiftlet_handle _Nonnull event))                                                        \
  F(record_event, cuEventRecord, (swiftlet_handle _Nonnull event, swiftlet_handle _Nullable stream))                           \
  F(synchronize_event, cuEventSynchronize, (swiftlet_handle _Nonnull event))                                                   \
  F(elapsed_time, cuEventElapsedTime,                                                                                          \
    (float *_Nonnull milliseconds, swiftlet_handle _Nonnull from, swiftlet_handle _Nonnull to))                                \
  F(instantiate_graph, cuGraphInstantiateWithFlags,                                                                            \
    (swiftlet_handle _Nullable *_Nonnull executable, swiftlet_handle _Nonnull graph, uint64_t flags))                          \
  F(launch_graph, cuGraphLaunch, (swiftlet_handle _Nonnull executable, swiftlet_handle _Nullable stream))                      \
  F(destroy_graph, cuGraphDestroy, (swiftlet_handle _Nonnull graph))                                                           \
  F(destroy_executable, cuGraphExecDestroy, (swiftlet_handle _Nonnull executable))
// clang-format on

#define SWIFTLET_DRIVER_FIELD(field, name, parameters) int32_t(*_Nonnull field) parameters;
typedef struct {
  SWIFTLET_DRIVER_FUNCTIONS(SWIFTLET_DRIVER_FIELD)
} swiftlet_driver;
#undef SWIFTLET_DRIVER_FIELD

/// Why there is no table.
typedef enum {
  swiftlet_driver_found = 0,
  /// No such library; the text is the system's reason.
  swiftlet_driver_missing = 1,
  /// The library lacks a function; the text is its name.
  swiftlet_driver_too_old = 2,
} swiftlet_driver_state;

/// Opens a driver's library and fills `table` from it.
///
/// - Parameters:
///   - library: its file name; null for the system's `libcuda.so.1`.
///   - reason: receives a text if the result is not `swiftlet_driver_found`, cut off at `reason_bytes`.
swiftlet_driver_state swiftlet_find_driver(const char *_Nullable library, swiftlet_driver *_Nonnull table, char *_Nonnull reason,
                                           size_t reason_bytes);

#ifdef __cplusplus
}
#endif
