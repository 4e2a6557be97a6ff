// The driver's functions over the emulator.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <variant>

#include "EmulatedDevice.h"
#include "emulator.h"

namespace {

struct Device;
struct Stream;
struct Event;

struct CopyToDevice {
  char *to;
  const char *from;
  size_t bytes;
  /// What was there when the copy was asked for, if the driver takes it then: it can't read a program's own memory later.
  std::vector<char> taken;
};
struct CopyToHost {
  char *to;
  const char *from;
  size_t bytes;
};
struct CopyOnDevice {
  char *to;
  const char *from;
  size_t bytes;
};
struct Fill {
  char *to;
  uint8_t value;
  size_t bytes;
};
struct Record {
  Event *event;
};
struct Wait {
  /// The stream whose work up to there has to be done first.
  Stream *stream;
  uint64_t end;
};
using Operation = std::variant<emulator::Launch, CopyToDevice, CopyToHost, CopyOnDevice, Fill, Record, Wait>;

struct Object {
  Device *device;
};
struct Event : Object {
  /// Where it was last recorded; null if never.
  Stream *stream = nullptr;
  uint64_t end = 0;
};
struct Graph : Object {
  std::vector<Operation> operations;
};
struct Stream : Object {
  std::deque<Operation> pending;
  /// Operations that were ever asked for, and done.
  uint64_t asked = 0, done = 0;
  std::unique_ptr<Graph> capture;
  bool isCaptureBroken = false;
};
struct Module;
struct Function {
  Module *module;
  const emulator::Kernel *kernel;
};
struct Module : Object {
  std::map<std::string, Function> functions;
};

struct Failure {
  std::string function;
  int32_t countdown, code;
};

struct Device {
  int32_t index = 0;
  emulated_settings settings;
  std::recursive_mutex lock;
  std::minstd_rand random;
  int32_t lost = 0;
  std::string report;
  std::list<Failure> failures;
  emulated_counts counts = {};
  std::map<char *, size_t> memory, hostMemory;
  std::set<Stream *> streams;
  std::set<Event *> events;
  std::set<Module *> modules;
  std::set<Graph *> graphs, executables;
  std::set<Function *> functions;
  Stream *capturing = nullptr;
};

/// What every GPU gives a block without being asked beforehand.
constexpr uint32_t sharedLimit = 48 << 10;
/// Small enough that tests that must not fit need little.
constexpr size_t memoryUnit = 512;

std::mutex devicesLock;
std::vector<std::unique_ptr<Device>> &devices() {
  static auto *devices = new std::vector<std::unique_ptr<Device>>;
  return *devices;
}
Device *deviceAt(int32_t index) {
  std::lock_guard guard(devicesLock);
  return index >= 0 && index < int32_t(devices().size()) ? devices()[index].get() : nullptr;
}
thread_local Device *current = nullptr;

/// Whether a call may do something: it is asked for in every function that has to do with a GPU.
int32_t begin(Device *device, const char *function) {
  if (!device) return 201;
  if (device->lost) return device->lost;
  for (auto failure = device->failures.begin(); failure != device->failures.end(); ++failure) {
    if (failure->function != function || --failure->countdown > 0) continue;
    const int32_t code = failure->code;
    device->failures.erase(failure);
    if (code >= 700 && code < 900) device->lost = code;
    return code;
  }
  return 0;
}

#define BEGIN(device, function)                               \
  Device *d = (device);                                       \
  if (!d) return 201;                                         \
  std::lock_guard guard(d->lock);                             \
  if (int32_t code = begin(d, function); code != 0) return code;

int32_t refuse(Device *d, int32_t code, std::string why) {
  d->report = std::move(why);
  return code;
}

/// Some calls may not be made while a stream is captured, and break the capture.
bool breaksCapture(Device *d) {
  if (!d->capturing) return false;
  d->capturing->isCaptureBroken = true;
  return true;
}

bool isHostMemory(Device *d, const void *at, size_t bytes) {
  auto address = static_cast<char *>(const_cast<void *>(at));
  auto found = d->hostMemory.upper_bound(address);
  if (found == d->hostMemory.begin()) return false;
  --found;
  return address + bytes <= found->first + found->second;
}

bool isMemory(Device *d, uint64_t at, size_t bytes) {
  auto address = reinterpret_cast<char *>(at);
  auto found = d->memory.upper_bound(address);
  if (found == d->memory.begin()) return false;
  --found;
  return address + bytes <= found->first + found->second;
}

bool runUntil(Stream &stream, uint64_t end);

/// Does the oldest operation of a stream.
void runNext(Stream &stream) {
  Device *d = stream.device;
  if (auto wait = std::get_if<Wait>(&stream.pending.front())) {
    const Wait copy = *wait;
    if (d->streams.count(copy.stream)) runUntil(*copy.stream, copy.end);
  }
  Operation operation = std::move(stream.pending.front());
  stream.pending.pop_front();
  ++stream.done;
  ++d->counts.operations;
  if (d->lost) return;
  if (auto launch = std::get_if<emulator::Launch>(&operation)) {
    const auto before = emulator::counters;
    const std::string wrong = emulator::run(*launch, d->random());
    d->counts.bank_conflicts += emulator::counters.bankConflicts - before.bankConflicts;
    d->counts.accesses += emulator::counters.accesses - before.accesses;
    if (!wrong.empty()) {
      d->report = wrong;
      d->lost = wrong.find("outside") != std::string::npos ? swiftlet_illegal_address : swiftlet_launch_failed;
    }
  } else if (auto copy = std::get_if<CopyToDevice>(&operation)) {
    memcpy(copy->to, copy->taken.empty() ? copy->from : copy->taken.data(), copy->bytes);
  } else if (auto copy = std::get_if<CopyToHost>(&operation)) {
    memcpy(copy->to, copy->from, copy->bytes);
  } else if (auto copy = std::get_if<CopyOnDevice>(&operation)) {
    memcpy(copy->to, copy->from, copy->bytes);
  } else if (auto fill = std::get_if<Fill>(&operation)) {
    memset(fill->to, fill->value, fill->bytes);
  }
}

/// Does what a stream was asked for up to `end`, and some of the others' work: nothing keeps them from running meanwhile.
bool runUntil(Stream &stream, uint64_t end) {
  Device *d = stream.device;
  while (stream.done < end && !stream.pending.empty()) {
    if (d->random() % 2 == 0 && d->streams.size() > 1) {
      auto other = d->streams.begin();
      std::advance(other, d->random() % d->streams.size());
      // A stream that waits for this one would go round in circles.
      if (*other != &stream && !(*other)->pending.empty() && !std::holds_alternative<Wait>((*other)->pending.front())) {
        runNext(**other);
        continue;
      }
    }
    runNext(stream);
  }
  return d->lost == 0;
}

void runAll(Device *d) {
  for (auto stream : d->streams) runUntil(*stream, stream->asked);
}

int32_t enqueue(Device *d, swiftlet_handle handle, Operation operation) {
  auto stream = static_cast<Stream *>(handle);
  if (!d->streams.count(stream)) return refuse(d, swiftlet_invalid_handle, "no such stream");
  if (stream->capture) {
    // A recorded copy reads its source when the graph runs.
    if (auto copy = std::get_if<CopyToDevice>(&operation)) copy->taken.clear();
    stream->capture->operations.push_back(std::move(operation));
    return 0;
  }
  stream->pending.push_back(std::move(operation));
  ++stream->asked;
  return 0;
}

// MARK: The functions

int32_t cuInit(uint32_t flags) { return flags == 0 ? 0 : swiftlet_invalid_value; }

int32_t cuDriverGetVersion(int32_t *version) {
  *version = 12000;
  return 0;
}

int32_t cuGetErrorName(int32_t code, const char **name) {
  switch (code) {
    case swiftlet_out_of_memory: *name = "CUDA_ERROR_OUT_OF_MEMORY"; return 0;
    case swiftlet_illegal_address: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; return 0;
    case swiftlet_launch_failed: *name = "CUDA_ERROR_LAUNCH_FAILED"; return 0;
    case swiftlet_invalid_ptx: *name = "CUDA_ERROR_INVALID_PTX"; return 0;
    case swiftlet_invalid_value: *name = "CUDA_ERROR_INVALID_VALUE"; return 0;
    default: *name = nullptr; return swiftlet_invalid_value;
  }
}

int32_t cuGetErrorString(int32_t code, const char **text) {
  switch (code) {
    case swiftlet_out_of_memory: *text = "out of memory"; return 0;
    case swiftlet_illegal_address: *text = "an illegal memory access was encountered"; return 0;
    case swiftlet_launch_failed: *text = "unspecified launch failure"; return 0;
    case swiftlet_invalid_ptx: *text = "a PTX JIT compilation failed"; return 0;
    case swiftlet_invalid_value: *text = "invalid argument"; return 0;
    default: *text = nullptr; return swiftlet_invalid_value;
  }
}

int32_t cuDeviceGetCount(int32_t *count) {
  std::lock_guard guard(devicesLock);
  *count = int32_t(devices().size());
  return 0;
}

int32_t cuDeviceGet(int32_t *device, int32_t index) {
  *device = index;
  return deviceAt(index) ? 0 : swiftlet_invalid_device;
}

int32_t cuDeviceGetName(char *name, int32_t bytes, int32_t device) {
  BEGIN(deviceAt(device), "cuDeviceGetName");
  snprintf(name, bytes, "Emulated GPU %d", device);
  return 0;
}

int32_t cuDeviceGetAttribute(int32_t *value, int32_t attribute, int32_t device) {
  BEGIN(deviceAt(device), "cuDeviceGetAttribute");
  switch (attribute) {
    case swiftlet_attribute_multiprocessors: *value = d->settings.multiprocessors; return 0;
    case swiftlet_attribute_major: *value = d->settings.major; return 0;
    case swiftlet_attribute_minor: *value = d->settings.minor; return 0;
    default: return refuse(d, swiftlet_invalid_value, "an attribute that the emulator doesn't know");
  }
}

int32_t cuDeviceTotalMem_v2(size_t *bytes, int32_t device) {
  BEGIN(deviceAt(device), "cuDeviceTotalMem_v2");
  *bytes = d->settings.memory;
  return 0;
}

int32_t cuDevicePrimaryCtxRetain(swiftlet_handle *context, int32_t device) {
  BEGIN(deviceAt(device), "cuDevicePrimaryCtxRetain");
  ++d->counts.contexts;
  *context = d;
  return 0;
}

int32_t cuDevicePrimaryCtxRelease_v2(int32_t device) {
  BEGIN(deviceAt(device), "cuDevicePrimaryCtxRelease_v2");
  --d->counts.contexts;
  return 0;
}

int32_t cuCtxSetCurrent(swiftlet_handle context) {
  current = static_cast<Device *>(context);
  if (!current) return 0;
  BEGIN(current, "cuCtxSetCurrent");
  return 0;
}

int32_t cuMemGetInfo_v2(size_t *available, size_t *total) {
  BEGIN(current, "cuMemGetInfo_v2");
  *total = d->settings.memory;
  *available = d->settings.memory - d->counts.bytes;
  return 0;
}

int32_t cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  BEGIN(current, "cuMemAlloc_v2");
  if (breaksCapture(d)) return swiftlet_capture_unsupported;
  if (bytes == 0) return refuse(d, swiftlet_invalid_value, "an allocation of no bytes");
  const size_t units = (bytes + memoryUnit - 1) / memoryUnit * memoryUnit;
  if (units < bytes || units > d->settings.memory - d->counts.bytes) return swiftlet_out_of_memory;
  auto memory = static_cast<char *>(emulator::allocate(bytes));
  if (!memory) return swiftlet_out_of_memory;
  d->memory[memory] = bytes;
  d->counts.bytes += units;
  ++d->counts.allocations;
  *address = reinterpret_cast<uint64_t>(memory);
  return 0;
}

int32_t cuMemFree_v2(uint64_t address) {
  BEGIN(current, "cuMemFree_v2");
  if (breaksCapture(d)) return swiftlet_capture_unsupported;
  auto memory = reinterpret_cast<char *>(address);
  auto found = d->memory.find(memory);
  if (found == d->memory.end()) return refuse(d, swiftlet_invalid_value, "no allocation begins there");
  runAll(d);
  d->counts.bytes -= (found->second + memoryUnit - 1) / memoryUnit * memoryUnit;
  --d->counts.allocations;
  d->memory.erase(found);
  emulator::release(memory);
  return d->lost;
}

int32_t cuMemHostAlloc(void **address, size_t bytes, uint32_t) {
  BEGIN(current, "cuMemHostAlloc");
  if (breaksCapture(d)) return swiftlet_capture_unsupported;
  auto memory = static_cast<char *>(emulator::allocate(bytes));
  if (!memory) return swiftlet_out_of_memory;
  d->hostMemory[memory] = bytes;
  ++d->counts.host_allocations;
  *address = memory;
  return 0;
}

int32_t cuMemFreeHost(void *address) {
  BEGIN(current, "cuMemFreeHost");
  if (breaksCapture(d)) return swiftlet_capture_unsupported;
  auto found = d->hostMemory.find(static_cast<char *>(address));
  if (found == d->hostMemory.end()) return refuse(d, swiftlet_invalid_value, "no allocation begins there");
  runAll(d);
  d->hostMemory.erase(found);
  --d->counts.host_allocations;
  emulator::release(address);
  return d->lost;
}

int32_t cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, swiftlet_handle stream) {
  BEGIN(current, "cuMemcpyHtoDAsync_v2");
  if (!isMemory(d, to, bytes)) return refuse(d, swiftlet_invalid_value, "a copy to outside of all buffers");
  auto source = static_cast<const char *>(from);
  CopyToDevice copy{reinterpret_cast<char *>(to), source, bytes, {}};
  if (!isHostMemory(d, from, bytes)) copy.taken.assign(source, source + bytes);
  return enqueue(d, stream, std::move(copy));
}

int32_t cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, swiftlet_handle stream) {
  BEGIN(current, "cuMemcpyDtoHAsync_v2");
  if (!isMemory(d, from, bytes)) return refuse(d, swiftlet_invalid_value, "a copy from outside of all buffers");
  auto target = static_cast<char *>(to);
  const bool isCaptured = d->streams.count(static_cast<Stream *>(stream)) && static_cast<Stream *>(stream)->capture;
  if (!isCaptured) memset(target, 0xFF, bytes);
  const int32_t code = enqueue(d, stream, CopyToHost{target, reinterpret_cast<char *>(from), bytes});
  // The driver waits for copies to memory that is not its own.
  if (code == 0 && !isCaptured && !isHostMemory(d, to, bytes)) {
    auto s = static_cast<Stream *>(stream);
    runUntil(*s, s->asked);
    return d->lost;
  }
  return code;
}

int32_t cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, swiftlet_handle stream) {
  BEGIN(current, "cuMemcpyDtoDAsync_v2");
  if (!isMemory(d, to, bytes) || !isMemory(d, from, bytes)) {
    return refuse(d, swiftlet_invalid_value, "a copy outside of all buffers");
  }
  return enqueue(d, stream, CopyOnDevice{reinterpret_cast<char *>(to), reinterpret_cast<char *>(from), bytes});
}

int32_t cuMemsetD8Async(uint64_t to, uint8_t value, size_t bytes, swiftlet_handle stream) {
  BEGIN(current, "cuMemsetD8Async");
  if (!isMemory(d, to, bytes)) return refuse(d, swiftlet_invalid_value, "a fill outside of all buffers");
  return enqueue(d, stream, Fill{reinterpret_cast<char *>(to), value, bytes});
}

/// The number that follows `key` in `text` before `end`; -1 if there is none.
long numberAfter(const std::string &text, const std::string &key, size_t from, size_t end) {
  const size_t found = text.find(key, from);
  return found >= end ? -1 : strtol(text.c_str() + found + key.size(), nullptr, 10);
}

int32_t cuModuleLoadDataEx(swiftlet_handle *module, const void *image, uint32_t count, int32_t *options, void **values) {
  BEGIN(current, "cuModuleLoadDataEx");
  if (breaksCapture(d)) return swiftlet_capture_unsupported;
  auto say = [&](const std::string &why) {
    char *text = nullptr;
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (options[i] == swiftlet_jit_error_text) text = static_cast<char *>(values[i]);
      if (options[i] == swiftlet_jit_error_bytes) bytes = reinterpret_cast<size_t>(values[i]);
    }
    if (text) snprintf(text, bytes, "%s", why.c_str());
    return refuse(d, swiftlet_invalid_ptx, why);
  };
  const std::string text(static_cast<const char *>(image));
  const size_t version = text.find(".version "), target = text.find(".target sm_");
  if (version == std::string::npos || target == std::string::npos) return say("not PTX");
  if (text.compare(version + 9, 3, "8.0") > 0) {
    return refuse(d, swiftlet_unsupported_ptx, "PTX newer than CUDA 12.0 reads");
  }
  if (strtol(text.c_str() + target + 11, nullptr, 10) > d->settings.major * 10 + d->settings.minor) {
    return say("PTX for a newer GPU");
  }
  auto loaded = std::make_unique<Module>();
  loaded->device = d;
  // Every entry point must be a kernel of the emulator's with the same arguments and threads.
  const std::string entry = ".entry ";
  for (size_t at = text.find(entry); at != std::string::npos;) {
    const size_t next = text.find(entry, at + 1), end = next == std::string::npos ? text.size() : next;
    const std::string name = text.substr(at + entry.size(), text.find('(', at) - at - entry.size());
    const auto kernel = emulator::kernels().find(name);
    if (kernel == emulator::kernels().end()) return say("the emulator has no kernel " + name);
    const long bytes = numberAfter(text, name + "_param_0[", at, end), threads = numberAfter(text, ".maxntid ", at, end);
    if (bytes != long(kernel->second.argumentBytes) || threads != long(kernel->second.threads)) {
      return say(name + " has other arguments or threads in PTX: " + std::to_string(bytes) + " bytes, " +
                 std::to_string(threads) + " threads");
    }
    loaded->functions[name] = Function{loaded.get(), &kernel->second};
    at = next;
  }
  for (auto &function : loaded->functions) d->functions.insert(&function.second);
  ++d->counts.modules;
  d->modules.insert(loaded.get());
  *module = loaded.release();
  return 0;
}

int32_t cuModuleUnload(swiftlet_handle handle) {
  BEGIN(current, "cuModuleUnload");
  auto module = static_cast<Module *>(handle);
  if (!d->modules.erase(module)) return swiftlet_invalid_handle;
  runAll(d);
  for (auto &function : module->functions) d->functions.erase(&function.second);
  --d->counts.modules;
  delete module;
  return d->lost;
}

int32_t cuModuleGetFunction(swiftlet_handle *function, swiftlet_handle handle, const char *name) {
  BEGIN(current, "cuModuleGetFunction");
  auto module = static_cast<Module *>(handle);
  if (!d->modules.count(module)) return swiftlet_invalid_handle;
  auto found = module->functions.find(name);
  if (found == module->functions.end()) return swiftlet_not_found;
  *function = &found->second;
  return 0;
}

int32_t cuLaunchKernelEx(const swiftlet_launch *launch, swiftlet_handle handle, void **arguments, void **) {
  BEGIN(current, "cuLaunchKernelEx");
  auto function = static_cast<Function *>(handle);
  if (!d->functions.count(function)) return refuse(d, swiftlet_invalid_handle, "no such function");
  const emulator::Kernel &kernel = *function->kernel;
  if (!launch->grid_x || !launch->grid_y || !launch->grid_z || launch->grid_x > 0x7FFFFFFF || launch->grid_y > 65535 ||
      launch->grid_z > 65535) {
    return refuse(d, swiftlet_invalid_value, std::string(kernel.name) + ": a grid that no GPU takes");
  }
  if (launch->block_x != kernel.threads || launch->block_y != 1 || launch->block_z != 1) {
    return refuse(d, swiftlet_invalid_value, std::string(kernel.name) + ": not the threads that it was compiled for");
  }
  if (launch->shared_bytes > sharedLimit) {
    return refuse(d, swiftlet_invalid_value, std::string(kernel.name) + ": more shared memory than every GPU has");
  }
  if (launch->attribute_count) return refuse(d, swiftlet_invalid_value, "attributes, which the emulator doesn't know");
  ++d->counts.launches;
  auto bytes = static_cast<const unsigned char *>(arguments[0]);
  return enqueue(d, launch->stream,
                 emulator::Launch{&kernel,
                                  {launch->grid_x, launch->grid_y, launch->grid_z},
                                  launch->shared_bytes,
                                  std::vector<unsigned char>(bytes, bytes + kernel.argumentBytes)});
}

int32_t cuStreamCreate(swiftlet_handle *stream, uint32_t) {
  BEGIN(current, "cuStreamCreate");
  auto created = new Stream;
  created->device = d;
  d->streams.insert(created);
  ++d->counts.streams;
  *stream = created;
  return 0;
}

int32_t cuStreamDestroy_v2(swiftlet_handle handle) {
  BEGIN(current, "cuStreamDestroy_v2");
  auto stream = static_cast<Stream *>(handle);
  if (!d->streams.count(stream)) return swiftlet_invalid_handle;
  runUntil(*stream, stream->asked);
  if (d->capturing == stream) d->capturing = nullptr;
  d->streams.erase(stream);
  --d->counts.streams;
  for (auto event : d->events) {
    if (event->stream == stream) event->stream = nullptr;
  }
  delete stream;
  return d->lost;
}

int32_t cuStreamSynchronize(swiftlet_handle handle) {
  BEGIN(current, "cuStreamSynchronize");
  auto stream = static_cast<Stream *>(handle);
  if (!d->streams.count(stream)) return refuse(d, swiftlet_invalid_handle, "no such stream");
  if (stream->capture) {
    stream->isCaptureBroken = true;
    return swiftlet_capture_unsupported;
  }
  ++d->counts.synchronizations;
  runUntil(*stream, stream->asked);
  return d->lost;
}

int32_t cuStreamWaitEvent(swiftlet_handle handle, swiftlet_handle eventHandle, uint32_t) {
  BEGIN(current, "cuStreamWaitEvent");
  auto event = static_cast<Event *>(eventHandle);
  if (!d->events.count(event)) return swiftlet_invalid_handle;
  auto stream = static_cast<Stream *>(handle);
  if (d->streams.count(stream) && stream->capture) {
    return refuse(d, swiftlet_capture_unsupported, "the emulator records no waits between streams");
  }
  if (!event->stream) return 0;
  return enqueue(d, handle, Wait{event->stream, event->end});
}

int32_t cuStreamBeginCapture_v2(swiftlet_handle handle, int32_t) {
  BEGIN(current, "cuStreamBeginCapture_v2");
  auto stream = static_cast<Stream *>(handle);
  if (!d->streams.count(stream) || d->capturing) return swiftlet_invalid_handle;
  stream->capture = std::make_unique<Graph>();
  stream->capture->device = d;
  stream->isCaptureBroken = false;
  d->capturing = stream;
  return 0;
}

int32_t cuStreamEndCapture(swiftlet_handle handle, swiftlet_handle *graph) {
  BEGIN(current, "cuStreamEndCapture");
  auto stream = static_cast<Stream *>(handle);
  *graph = nullptr;
  if (!d->streams.count(stream) || !stream->capture) return swiftlet_invalid_handle;
  d->capturing = nullptr;
  auto captured = std::move(stream->capture);
  if (stream->isCaptureBroken) return swiftlet_capture_invalidated;
  d->graphs.insert(captured.get());
  ++d->counts.graphs;
  *graph = captured.release();
  return 0;
}

int32_t cuEventCreate(swiftlet_handle *event, uint32_t) {
  BEGIN(current, "cuEventCreate");
  auto created = new Event;
  created->device = d;
  d->events.insert(created);
  ++d->counts.events;
  *event = created;
  return 0;
}

int32_t cuEventDestroy_v2(swiftlet_handle handle) {
  BEGIN(current, "cuEventDestroy_v2");
  auto event = static_cast<Event *>(handle);
  if (!d->events.erase(event)) return swiftlet_invalid_handle;
  --d->counts.events;
  delete event;
  return 0;
}

int32_t cuEventRecord(swiftlet_handle handle, swiftlet_handle streamHandle) {
  BEGIN(current, "cuEventRecord");
  auto event = static_cast<Event *>(handle);
  auto stream = static_cast<Stream *>(streamHandle);
  if (!d->events.count(event) || !d->streams.count(stream)) return swiftlet_invalid_handle;
  const int32_t code = enqueue(d, stream, Record{event});
  event->stream = stream;
  event->end = stream->asked;
  return code;
}

int32_t cuEventSynchronize(swiftlet_handle handle) {
  BEGIN(current, "cuEventSynchronize");
  auto event = static_cast<Event *>(handle);
  if (!d->events.count(event)) return swiftlet_invalid_handle;
  ++d->counts.synchronizations;
  if (event->stream) runUntil(*event->stream, event->end);
  return d->lost;
}

/// Time means nothing here; it only goes on.
int32_t cuEventElapsedTime(float *milliseconds, swiftlet_handle from, swiftlet_handle to) {
  BEGIN(current, "cuEventElapsedTime");
  auto first = static_cast<Event *>(from), second = static_cast<Event *>(to);
  if (!d->events.count(first) || !d->events.count(second)) return swiftlet_invalid_handle;
  if (!first->stream || !second->stream || first->stream->done < first->end || second->stream->done < second->end) return 600;
  *milliseconds = float(second->end - first->end);
  return 0;
}

int32_t cuGraphInstantiateWithFlags(swiftlet_handle *executable, swiftlet_handle graph, uint64_t) {
  BEGIN(current, "cuGraphInstantiateWithFlags");
  auto recorded = static_cast<Graph *>(graph);
  if (!d->graphs.count(recorded)) return swiftlet_invalid_handle;
  auto made = new Graph(*recorded);
  d->executables.insert(made);
  ++d->counts.graphs;
  *executable = made;
  return 0;
}

int32_t cuGraphLaunch(swiftlet_handle executable, swiftlet_handle stream) {
  BEGIN(current, "cuGraphLaunch");
  auto graph = static_cast<Graph *>(executable);
  if (!d->executables.count(graph)) return swiftlet_invalid_handle;
  for (const auto &operation : graph->operations) {
    if (auto copy = std::get_if<CopyToHost>(&operation)) memset(copy->to, 0xFF, copy->bytes);
    if (int32_t code = enqueue(d, stream, operation)) return code;
  }
  return 0;
}

int32_t destroyGraph(std::set<Graph *> &graphs, swiftlet_handle handle, Device *d) {
  auto graph = static_cast<Graph *>(handle);
  if (!graphs.erase(graph)) return swiftlet_invalid_handle;
  --d->counts.graphs;
  delete graph;
  return 0;
}

int32_t cuGraphDestroy(swiftlet_handle graph) {
  BEGIN(current, "cuGraphDestroy");
  return destroyGraph(d->graphs, graph, d);
}

int32_t cuGraphExecDestroy(swiftlet_handle executable) {
  BEGIN(current, "cuGraphExecDestroy");
  return destroyGraph(d->executables, executable, d);
}

}  // namespace

// MARK: For tests

emulated_settings emulated_defaults(void) { return {size_t(1) << 30, 8, 0, 108, 1}; }

int32_t emulated_add(emulated_settings settings) {
  std::lock_guard guard(devicesLock);
  auto device = std::make_unique<Device>();
  device->index = int32_t(devices().size());
  device->settings = settings;
  device->random.seed(uint32_t(settings.seed % 2147483646) + 1);
  devices().push_back(std::move(device));
  return int32_t(devices().size()) - 1;
}

const swiftlet_driver *emulated_driver(void) {
// In the order of the fields.
#define FIELD(field, name, parameters) name,
  static const swiftlet_driver driver = {SWIFTLET_DRIVER_FUNCTIONS(FIELD)};
#undef FIELD
  return &driver;
}

void emulated_fail(int32_t device, const char *function, int32_t nth, int32_t code) {
  Device *d = deviceAt(device);
  if (!d) return;
  std::lock_guard guard(d->lock);
  d->failures.push_back({function, nth, code});
}

const char *emulated_report(int32_t device) {
  Device *d = deviceAt(device);
  return d ? d->report.c_str() : "";
}

emulated_counts emulated_count(int32_t device) {
  Device *d = deviceAt(device);
  if (!d) return {};
  std::lock_guard guard(d->lock);
  return d->counts;
}
