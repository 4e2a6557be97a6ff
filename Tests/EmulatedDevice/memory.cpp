// The emulated device's memory: allocations that end where a page without access begins, and who touched what.

#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <mutex>

namespace emulator {

namespace {

constexpr size_t arenaBytes = size_t(1) << 40;
constexpr size_t alignment = 16;

struct Arena {
  std::mutex lock;
  char *base = nullptr;
  size_t used = 0;
  // Allocations live as long as the program: a thread may be looking at one that is being released.
  std::map<uintptr_t, Allocation *> byEnd;

  Arena() {
    void *memory = mmap(nullptr, arenaBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) base = static_cast<char *>(memory);
  }

  Allocation *find(uintptr_t address) {
    std::lock_guard guard(lock);
    auto found = byEnd.upper_bound(address);
    return found != byEnd.end() && found->second->begin <= address ? found->second : nullptr;
  }
};

Arena &arena() {
  static Arena *arena = new Arena;
  return *arena;
}

size_t roundUp(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

thread_local Allocation *last = nullptr;

}  // namespace

void *allocate(size_t bytes) {
  Arena &a = arena();
  const size_t page = sysconf(_SC_PAGESIZE), pages = roundUp(bytes, page);
  std::lock_guard guard(a.lock);
  if (!a.base || pages + page > arenaBytes - a.used) return nullptr;
  char *memory = a.base + a.used;
  if (mprotect(memory, pages, PROT_READ | PROT_WRITE) != 0) return nullptr;
  a.used += pages + page;
  memset(memory, 0xFF, pages);
  auto allocation = new Allocation;
  allocation->begin = reinterpret_cast<uintptr_t>(memory + pages - roundUp(bytes, alignment));
  allocation->end = allocation->begin + bytes;
  a.byEnd[allocation->end] = allocation;
  return reinterpret_cast<void *>(allocation->begin);
}

bool release(void *memory) {
  Arena &a = arena();
  Allocation *allocation = a.find(reinterpret_cast<uintptr_t>(memory));
  if (!allocation || allocation->begin != reinterpret_cast<uintptr_t>(memory)) return false;
  const size_t page = sysconf(_SC_PAGESIZE);
  std::lock_guard guard(a.lock);
  allocation->isLive = false;
  char *first = reinterpret_cast<char *>(allocation->begin / page * page);
  const size_t bytes = roundUp(allocation->end - reinterpret_cast<uintptr_t>(first), page);
  madvise(first, bytes, MADV_DONTNEED);
  mprotect(first, bytes, PROT_NONE);
  a.byEnd.erase(allocation->end);
  return true;
}

Allocation *allocation(const void *at) {
  const auto address = reinterpret_cast<uintptr_t>(at);
  if (last && last->isLive && last->begin <= address && address < last->end) return last;
  last = arena().find(address);
  return last;
}

bool isAllocated(const void *memory, size_t bytes) {
  const Allocation *found = allocation(memory);
  return found && bytes <= found->end - reinterpret_cast<uintptr_t>(memory);
}

bool isDeviceAddress(const void *at) {
  const auto address = reinterpret_cast<uintptr_t>(at), base = reinterpret_cast<uintptr_t>(arena().base);
  return base && base <= address && address - base < arenaBytes;
}

const char *Touches::touch(size_t offset, size_t bytes, bool isWrite, const Toucher &now) {
  const char *wrong = nullptr;
  for (size_t i = offset / granule; i <= (offset + bytes - 1) / granule; ++i) {
    Touch &touch = touches[i];
    if (touch.write.launch == now.launch && !isOrdered(touch.write, now)) {
      wrong = isWrite ? "two threads write the same place" : "one thread reads what another writes";
    }
    if (isWrite) {
      const bool others = touch.readers == Readers::manyBlocks || !isOrdered(touch.read, now) ||
                          (touch.readers == Readers::manyThreads && touch.read.block == now.block &&
                           touch.read.epoch == now.epoch);
      if (touch.read.launch == now.launch && others) wrong = "one thread writes what another reads";
      touch.write = now;
    } else if (touch.read.launch != now.launch) {
      touch.read = now;
      touch.readers = Readers::one;
    } else if (touch.read.block != now.block) {
      touch.readers = Readers::manyBlocks;
    } else if (touch.read.epoch != now.epoch) {
      touch.read = now;
      if (touch.readers == Readers::manyThreads) touch.readers = Readers::one;
    } else if (touch.read.thread != now.thread && touch.readers == Readers::one) {
      touch.readers = Readers::manyThreads;
    }
  }
  return wrong;
}

}  // namespace emulator
