// Allocations of the emulated device, and a record of who touched them.

#pragma once

#include <atomic>
#include <memory>

#include "emulator.h"

namespace emulator {

/// Who touches memory: `epoch` counts a block's barriers.
struct Toucher {
  uint64_t launch = 0;
  uint32_t block = 0, epoch = 0, thread = 0;
};

/// Whether what `before` did has happened when `now` does something, within one launch.
inline bool isOrdered(const Toucher &before, const Toucher &now) {
  return before.block == now.block && (before.epoch != now.epoch || before.thread == now.thread);
}

/// For every two bytes, the last write and the reads since: what finds races.
class Touches {
 public:
  explicit Touches(size_t bytes) : touches(bytes / granule + 1) {}
  /// - Returns: what is wrong with it; null if nothing is.
  const char *touch(size_t offset, size_t bytes, bool isWrite, const Toucher &now);

 private:
  static constexpr size_t granule = 2;
  enum class Readers : uint8_t { one, manyThreads, manyBlocks };
  struct Touch {
    Toucher write, read;
    Readers readers = Readers::one;
  };
  std::vector<Touch> touches;
};

struct Allocation {
  uintptr_t begin = 0, end = 0;
  std::atomic<bool> isLive = true;
  /// Made when an instrumented kernel first touches it.
  std::unique_ptr<Touches> touches;
};

/// The live allocation that an address belongs to; null if there is none.
Allocation *allocation(const void *at);
/// Whether an address is in the range that allocations are made in.
bool isDeviceAddress(const void *at);

}  // namespace emulator
