// Blocks, warps and threads: who runs next, what they wait for, and what the warp's instructions compute.

#include "emulator.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <random>

#include "fiber.h"
#include "memory.h"

namespace emulator {

__thread Position position;
__thread Counters counters;

namespace {

constexpr uint32_t warpLanes = 32, maximumThreads = 1024;
#if defined(SWIFTLET_INSTRUMENTED)
constexpr bool recordsAccesses = true;
#else
constexpr bool recordsAccesses = false;
#endif
constexpr size_t stackBytes = 128 << 10, sharedRegionBytes = 256 << 10;

enum class State : uint8_t { ready, collective, barrier, done };
enum class Collective : uint8_t { loadMatrices, multiplyAdd, exchange };

/// An asynchronous copy that has not landed.
struct Copy {
  void *to;
  const void *from;
  bool isThere;
  uint32_t group;
};

struct Lane {
  void *stack = nullptr;
  uint32_t thread = 0;
  State state = State::done;
  uint32_t group = 0;
  std::vector<Copy> copies;
  // What the warp's instruction takes and gives.
  const void *address = nullptr;
  uint32_t *words = nullptr;
  const uint32_t *left = nullptr;
  uint32_t right[2] = {};
  float *sums = nullptr;
  float value = 0;
};

struct Warp {
  Lane *lanes = nullptr;
  uint32_t arrived = 0, ready = 0, waiting = 0, ended = 0;
  Collective collective = Collective::exchange;
  int line = 0;
  uint32_t mask = 0;
  bool flag = false;
};

struct Block;
/// This thread's, if it has run a kernel.
__thread Block *existing;

/// A block that runs, on the host thread that runs it.
struct Block {
  const Launch *launch = nullptr;
  uint64_t number = 0;
  uint32_t index = 0, epoch = 0, threads = 0, warps = 0;
  uint32_t waiting = 0, ended = 0, barrierLine = 0;
  std::vector<Lane> lanes{maximumThreads};
  std::vector<Warp> warp{maximumThreads / warpLanes};
  Lane *current = nullptr;
  void *scheduler = nullptr;
  uint32_t guarded = 0;
  char *stacks = nullptr, *sharedRegion = nullptr, *shared = nullptr;
  /// Of shared memory, and which bytes a copy is on its way to.
  Touches touches{recordsAccesses ? sharedRegionBytes : 0};
  std::vector<uint8_t> isInFlight = std::vector<uint8_t>(sharedRegionBytes / 16);
  std::string failure;
  std::minstd_rand random;
  /// One in so many chances to change warps is taken.
  uint32_t patience = 1;
  bool isRunning = false;

  Block() {
    const size_t page = sysconf(_SC_PAGESIZE);
    auto map = [](size_t bytes) {
      void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory == MAP_FAILED) abort();
      return static_cast<char *>(memory);
    };
    stacks = map(maximumThreads * stackBytes);
    sharedRegion = map(sharedRegionBytes + 2 * page);
    mprotect(sharedRegion, page, PROT_NONE);
    mprotect(sharedRegion + page + sharedRegionBytes, page, PROT_NONE);
    sharedRegion += page;
  }
  ~Block() {
    existing = nullptr;
    const size_t page = sysconf(_SC_PAGESIZE);
    munmap(stacks, maximumThreads * stackBytes);
    munmap(sharedRegion - page, sharedRegionBytes + 2 * page);
  }

  /// Puts a page without access before each thread's stack. The system allows a process some 65,000 separate mappings, two for
  /// each such page, and many threads may emulate at the same time: so only stacks that are used get one.
  void guardStacks(uint32_t threads) {
    const size_t page = sysconf(_SC_PAGESIZE);
    for (; guarded < threads; ++guarded)
      if (mprotect(stacks + guarded * stackBytes, page, PROT_NONE) != 0) abort();
  }

  Warp &warpOf(const Lane &lane) { return warp[lane.thread / warpLanes]; }
  bool isShared(const void *at) const { return at >= sharedRegion && at < sharedRegion + sharedRegionBytes; }
};

Block &block() {
  if (existing) return *existing;
  thread_local std::unique_ptr<Block> block;
  block = std::make_unique<Block>();
  existing = block.get();
  return *existing;
}

std::string place(const Block &b) {
  return "block (" + std::to_string(position.block[0]) + ", " + std::to_string(position.block[1]) + ", " +
         std::to_string(position.block[2]) + "), thread " + std::to_string(b.current ? b.current->thread : 0);
}

/// Ends the launch. The stacks of its threads are given up as they are, which is why kernels hold nothing that needs an end.
[[noreturn]] void fail(const std::string &what) {
  Block &b = block();
  if (b.failure.empty()) b.failure = std::string(b.launch->kernel->name) + ", " + place(b) + ": " + what;
  void *given;
  emulator_switch_stacks(&given, b.scheduler);
  abort();
}

void switchTo(Block &b, Lane &next) {
  Lane &from = *b.current;
  if (&from == &next) return;
  b.current = &next;
  position.thread = next.thread;
  emulator_switch_stacks(&from.stack, next.stack);
}

void switchToScheduler(Block &b) {
  Lane &from = *b.current;
  emulator_switch_stacks(&from.stack, b.scheduler);
}

/// Another lane of the warp, or else another warp.
void switchAway(Block &b) {
  Warp &warp = b.warpOf(*b.current);
  if (!warp.ready || b.random() % b.patience == 0) return switchToScheduler(b);
  const uint32_t turn = b.random() % warpLanes;
  const uint32_t first = __builtin_ctz(__builtin_rotateright32(warp.ready, turn));
  switchTo(b, warp.lanes[(first + turn) % warpLanes]);
}

/// Now and then, a thread lets others go first where it need not.
void hesitate(Block &b) {
  if (b.random() % 64 == 0) switchToScheduler(b);
}

void setState(Block &b, Lane &lane, State state) {
  Warp &warp = b.warpOf(lane);
  const uint32_t bit = 1u << lane.thread % warpLanes;
  warp.ready = state == State::ready ? warp.ready | bit : warp.ready & ~bit;
  lane.state = state;
}

const char *name(Collective collective) {
  switch (collective) {
    case Collective::loadMatrices: return "loadMatrices";
    case Collective::multiplyAdd: return "multiplyAdd";
    case Collective::exchange: return "exchange";
  }
  return "";
}

void execute(Warp &warp);

/// Waits until all lanes of the warp have come to the same instruction, which the last of them then executes for all.
void meet(Collective collective, int line, uint32_t mask = 0, bool flag = false) {
  Block &b = block();
  Lane &lane = *b.current;
  Warp &warp = b.warpOf(lane);
  if (warp.arrived == 0) {
    warp.collective = collective;
    warp.line = line;
    warp.mask = mask;
    warp.flag = flag;
  } else if (warp.collective != collective || warp.line != line || warp.mask != mask) {
    fail("lanes of one warp have come to different instructions: " + std::string(name(warp.collective)) + " in line " +
         std::to_string(warp.line) + " and " + name(collective) + " in line " + std::to_string(line));
  }
  if (warp.waiting || warp.ended) {
    fail(std::string(name(collective)) + " in line " + std::to_string(line) +
         ": other lanes of the warp wait at a barrier or have ended");
  }
  if (++warp.arrived < warpLanes) {
    setState(b, lane, State::collective);
    switchAway(b);
    return;
  }
  execute(warp);
  warp.arrived = 0;
  for (uint32_t i = 0; i < warpLanes; ++i) warp.lanes[i].state = State::ready;
  warp.ready = ~0u;
  if (b.random() % b.patience == 0) switchToScheduler(b);
}

Toucher toucher(const Block &b) { return {b.number, b.index, b.epoch, b.current->thread}; }

/// Checks an access to shared memory or the device's, to the byte, and records it if the kernels are instrumented.
void check(Block &b, const void *at, size_t bytes, bool isWrite) {
  const char *verb = isWrite ? "a write" : "a read";
  if (b.isShared(at)) {
    const char *end = static_cast<const char *>(at) + bytes;
    if (at < b.shared || end > b.shared + b.launch->sharedBytes) {
      fail(std::string(verb) + " outside of shared memory, of which the launch has " + std::to_string(b.launch->sharedBytes) +
           " bytes");
    }
    const size_t offset = static_cast<const char *>(at) - b.sharedRegion;
    for (size_t i = offset / 16; i <= (offset + bytes - 1) / 16; ++i) {
      if (b.isInFlight[i]) fail(std::string(verb) + " where an asynchronous copy is under way");
    }
    if (!recordsAccesses) return;
    if (auto wrong = b.touches.touch(offset, bytes, isWrite, toucher(b))) {
      fail(std::string("a race in shared memory: ") + wrong + " without a barrier between");
    }
  } else if (isDeviceAddress(at)) {
    Allocation *found = allocation(at);
    if (!found || bytes > found->end - reinterpret_cast<uintptr_t>(at)) {
      fail(std::string(verb) + " outside of all buffers");
    }
    if (!recordsAccesses) return;
    // Launches run one after another on a device, so that only this one touches the record.
    if (!found->touches) found->touches = std::make_unique<Touches>(found->end - found->begin);
    auto now = toucher(b);
    now.launch = b.number - b.index;
    if (auto wrong = found->touches->touch(reinterpret_cast<uintptr_t>(at) - found->begin, bytes, isWrite, now)) {
      fail(std::string("a race in the device's memory: ") + wrong + " in one launch");
    }
  }
}

float toFloat(uint16_t bits, bool isBFloat) {
  return isBFloat ? __builtin_bit_cast(float, uint32_t(bits) << 16) : fromHalf(bits);
}

void execute(Warp &warp) {
  Lane *lanes = warp.lanes;
  switch (warp.collective) {
    case Collective::loadMatrices: {
      uint16_t matrices[4][8][8];
      for (uint32_t i = 0; i < 32; ++i) memcpy(matrices[i / 8][i % 8], lanes[i].address, 16);
      for (uint32_t matrix = 0; matrix < 4; ++matrix) {
        uint32_t banks = 0;
        for (uint32_t row = 0; row < 8; ++row) {
          const uint32_t bank = 1u << (reinterpret_cast<uintptr_t>(lanes[8 * matrix + row].address) / 16 % 8);
          if (banks & bank) ++counters.bankConflicts;
          banks |= bank;
        }
      }
      for (uint32_t lane = 0; lane < 32; ++lane) {
        for (uint32_t matrix = 0; matrix < 4; ++matrix) {
          const uint32_t row = lane / 4, column = lane % 4 * 2;
          const auto &m = matrices[matrix];
          lanes[lane].words[matrix] = warp.flag ? m[column][row] | uint32_t(m[column + 1][row]) << 16
                                                : m[row][column] | uint32_t(m[row][column + 1]) << 16;
        }
      }
      break;
    }
    case Collective::multiplyAdd: {
      float left[16][16], right[16][8];
      for (uint32_t lane = 0; lane < 32; ++lane) {
        const uint32_t row = lane / 4, term = lane % 4 * 2;
        for (uint32_t i = 0; i < 2; ++i) {
          const uint32_t shift = 16 * i;
          left[row][term + i] = toFloat(lanes[lane].left[0] >> shift, warp.flag);
          left[row + 8][term + i] = toFloat(lanes[lane].left[1] >> shift, warp.flag);
          left[row][term + 8 + i] = toFloat(lanes[lane].left[2] >> shift, warp.flag);
          left[row + 8][term + 8 + i] = toFloat(lanes[lane].left[3] >> shift, warp.flag);
          right[term + i][row] = toFloat(lanes[lane].right[0] >> shift, warp.flag);
          right[term + 8 + i][row] = toFloat(lanes[lane].right[1] >> shift, warp.flag);
        }
      }
      float sums[16][8] = {};
      for (uint32_t row = 0; row < 16; ++row) {
        for (uint32_t term = 0; term < 16; ++term) {
          for (uint32_t column = 0; column < 8; ++column) sums[row][column] += left[row][term] * right[term][column];
        }
      }
      for (uint32_t lane = 0; lane < 32; ++lane) {
        for (uint32_t i = 0; i < 4; ++i) lanes[lane].sums[i] += sums[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
      }
      break;
    }
    case Collective::exchange: {
      float values[warpLanes];
      for (uint32_t lane = 0; lane < warpLanes; ++lane) values[lane] = lanes[lane].value;
      for (uint32_t lane = 0; lane < warpLanes; ++lane) lanes[lane].value = values[lane ^ warp.mask];
      break;
    }
  }
}

/// What each fiber runs.
void runThread() {
  Block &b = block();
  b.launch->kernel->call(b.launch->arguments.data());
  Lane &lane = *b.current;
  Warp &warp = b.warpOf(lane);
  if (!lane.copies.empty()) fail("a thread ends whose asynchronous copies were never waited for");
  if (warp.arrived) {
    fail("a thread ends while others of its warp wait at " + std::string(name(warp.collective)) + " in line " +
         std::to_string(warp.line));
  }
  if (b.waiting) fail("a thread ends while others wait at the barrier in line " + std::to_string(b.barrierLine));
  ++warp.ended;
  ++b.ended;
  setState(b, lane, State::done);
  switchAway(b);
  abort();
}

void runBlock(Block &b) {
  b.waiting = b.ended = b.epoch = 0;
  b.guardStacks(b.threads);
  b.shared = b.sharedRegion + sharedRegionBytes - (b.launch->sharedBytes + 15) / 16 * 16;
  memset(b.shared, 0xFF, b.sharedRegion + sharedRegionBytes - b.shared);
  std::fill(b.isInFlight.begin(), b.isInFlight.end(), 0);
  for (uint32_t i = 0; i < b.threads; ++i) {
    Lane &lane = b.lanes[i];
    lane.thread = i;
    lane.group = 0;
    lane.copies.clear();
    lane.state = State::ready;
    lane.stack = prepareFiber(b.stacks + (i + 1) * stackBytes, runThread);
  }
  for (uint32_t i = 0; i < b.warps; ++i) {
    b.warp[i] = Warp();
    b.warp[i].lanes = &b.lanes[i * warpLanes];
    b.warp[i].ready = ~0u;
  }
  while (b.ended < b.threads && b.failure.empty()) {
    uint32_t candidates[maximumThreads / warpLanes], count = 0;
    for (uint32_t i = 0; i < b.warps; ++i) {
      if (b.warp[i].ready) candidates[count++] = i;
    }
    if (count == 0) {
      // Nobody can run: either all have come to the barrier, or some wait for ever.
      if (b.waiting < b.threads) {
        b.failure = std::string(b.launch->kernel->name) + ", " + place(b) + ": threads wait for ever, " +
                    std::to_string(b.waiting) + " of " + std::to_string(b.threads) + " at a barrier";
        return;
      }
      b.waiting = 0;
      ++b.epoch;
      for (uint32_t i = 0; i < b.warps; ++i) {
        b.warp[i].waiting = 0;
        b.warp[i].ready = ~0u;
        for (uint32_t lane = 0; lane < warpLanes; ++lane) b.warp[i].lanes[lane].state = State::ready;
      }
      continue;
    }
    Warp &warp = b.warp[candidates[b.random() % count]];
    const uint32_t turn = b.random() % warpLanes;
    b.current = &warp.lanes[(__builtin_ctz(__builtin_rotateright32(warp.ready, turn)) + turn) % warpLanes];
    position.thread = b.current->thread;
    emulator_switch_stacks(&b.scheduler, b.current->stack);
  }
}

// MARK: Accesses to guard pages

struct sigaction previousSegmentation, previousBus;

void onFault(int signal, siginfo_t *info, void *context) {
  if (existing && existing->isRunning) {
    const Block &b = *existing;
    const char *at = static_cast<const char *>(info->si_addr);
    const size_t page = sysconf(_SC_PAGESIZE);
    if (isDeviceAddress(at)) fail("an access outside of all buffers");
    if (at >= b.sharedRegion - page && at < b.sharedRegion + sharedRegionBytes + page) fail("an access outside of shared memory");
    fail("an access to an address that is neither the device's nor shared memory");
  }
  // Not ours: what was there before us deals with it.
  const auto &previous = signal == SIGBUS ? previousBus : previousSegmentation;
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    sigaction(signal, &previous, nullptr);
  }
}

void catchFaults() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = onFault;
    // The handler may leave by changing stacks, and runs on the fiber's.
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, &previousSegmentation);
    sigaction(SIGBUS, &action, &previousBus);
  });
}

}  // namespace

std::map<std::string, Kernel> &kernels() {
  static auto *kernels = new std::map<std::string, Kernel>;
  return *kernels;
}

Registration::Registration(const char *name, uint32_t threads, size_t argumentBytes, void (*call)(const void *)) {
  kernels()[name] = {name, threads, argumentBytes, call};
}

std::string run(const Launch &launch, uint64_t seed) {
  catchFaults();
  Block &b = block();
  b.launch = &launch;
  b.failure.clear();
  b.threads = launch.kernel->threads;
  b.warps = b.threads / warpLanes;
  b.random.seed(uint32_t(seed % 2147483646) + 1);
  for (int i = 0; i < 3; ++i) position.grid[i] = launch.grid[i];
  // Blocks in an order of their own, for none may wait for another.
  std::vector<uint32_t> order(size_t(launch.grid[0]) * launch.grid[1] * launch.grid[2]);
  for (size_t i = 0; i < order.size(); ++i) order[i] = uint32_t(i);
  std::shuffle(order.begin(), order.end(), b.random);
  static std::atomic<uint64_t> numbers = 1;
  const uint64_t first = numbers.fetch_add(order.size());
  b.isRunning = true;
  for (uint32_t index : order) {
    b.index = index;
    b.number = first + index;
    b.patience = 1u << b.random() % 9;
    position.block[0] = index % launch.grid[0];
    position.block[1] = index / launch.grid[0] % launch.grid[1];
    position.block[2] = index / launch.grid[0] / launch.grid[1];
    runBlock(b);
    if (!b.failure.empty()) break;
  }
  b.isRunning = false;
  return b.failure;
}

// MARK: What kernels call

void *sharedMemory(uint32_t bytes) {
  Block &b = block();
  if (bytes > b.launch->sharedBytes) {
    fail("it takes " + std::to_string(bytes) + " bytes of shared memory, and the launch has " +
         std::to_string(b.launch->sharedBytes));
  }
  return b.shared;
}

void barrier(int line) {
  Block &b = block();
  Lane &lane = *b.current;
  Warp &warp = b.warpOf(lane);
  if (warp.arrived) {
    fail("the barrier in line " + std::to_string(line) + ": other lanes of the warp wait at " + name(warp.collective) +
         " in line " + std::to_string(warp.line));
  }
  if (b.ended) fail("the barrier in line " + std::to_string(line) + ": other threads of the block have ended");
  if (b.waiting && b.barrierLine != uint32_t(line)) {
    fail("threads of one block have come to different barriers, in lines " + std::to_string(b.barrierLine) + " and " +
         std::to_string(line));
  }
  b.barrierLine = line;
  ++b.waiting;
  ++warp.waiting;
  setState(b, lane, State::barrier);
  switchAway(b);
}

void access(const void *at, size_t bytes, bool isWrite) {
  if (reinterpret_cast<uintptr_t>(at) % bytes) fail("an address that is not a multiple of " + std::to_string(bytes));
  Block &b = block();
  check(b, at, bytes, isWrite);
}

void copyAsync(void *to, const void *from, bool isThere) {
  Block &b = block();
  hesitate(b);
  if (!b.isShared(to)) fail("the target of an asynchronous copy is not in shared memory");
  access(to, 16, true);
  if (isThere) access(from, 16, false);
  // Until it has landed nobody can know what is there.
  memset(to, 0xFF, 16);
  b.isInFlight[(static_cast<char *>(to) - b.sharedRegion) / 16] = 1;
  Lane &lane = *b.current;
  lane.copies.push_back({to, from, isThere, lane.group});
}

void commitCopies() { ++block().current->group; }

void waitForCopies(int pending) {
  Block &b = block();
  hesitate(b);
  Lane &lane = *b.current;
  size_t landed = 0;
  for (; landed < lane.copies.size() && lane.copies[landed].group + pending < lane.group; ++landed) {
    const Copy &copy = lane.copies[landed];
    if (copy.isThere) {
      memcpy(copy.to, copy.from, 16);
    } else {
      memset(copy.to, 0, 16);
    }
    b.isInFlight[(static_cast<char *>(copy.to) - b.sharedRegion) / 16] = 0;
    access(copy.to, 16, true);
  }
  lane.copies.erase(lane.copies.begin(), lane.copies.begin() + landed);
}

void loadMatrices(uint32_t (&to)[4], const void *row, bool transposed, int line) {
  Block &b = block();
  if (!b.isShared(row)) fail("a matrix that is not in shared memory");
  access(row, 16, false);
  b.current->address = row;
  b.current->words = to;
  meet(Collective::loadMatrices, line, 0, transposed);
}

void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, bool isBFloat, int line) {
  Lane &lane = *block().current;
  lane.sums = c;
  lane.left = a;
  lane.right[0] = b0;
  lane.right[1] = b1;
  meet(Collective::multiplyAdd, line, 0, isBFloat);
}

float exchange(float value, uint32_t mask, int line) {
  Lane &lane = *block().current;
  lane.value = value;
  meet(Collective::exchange, line, mask);
  return lane.value;
}

uint16_t toBFloat(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  if (std::isnan(value)) return 0x7FFF;
  return uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

uint16_t toHalf(float value) {
  if (std::isnan(value)) return 0x7FFF;
  const float limited = std::fmin(std::fmax(value, -65504.0f), 65504.0f);
  const uint32_t bits = __builtin_bit_cast(uint32_t, limited), magnitude = bits & 0x7FFFFFFF;
  const uint16_t sign = uint16_t(bits >> 16 & 0x8000);
  // Below 2^-14, adding 0.5 leaves the rounded multiple of 2^-24 in the low bits.
  if (magnitude < 0x38800000) return sign | uint16_t(__builtin_bit_cast(uint32_t, std::fabs(limited) + 0.5f) - 0x3F000000);
  return sign | uint16_t((magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13);
}

float fromHalf(uint16_t bits) {
  const uint32_t sign = uint32_t(bits & 0x8000) << 16, magnitude = uint32_t(bits & 0x7FFF) << 13;
  uint32_t result;
  if (magnitude >= 0x0F800000) {
    result = magnitude + 0x70000000;
  } else if (magnitude >= 0x00800000) {
    result = magnitude + 0x38000000;
  } else {
    const float smallest = __builtin_bit_cast(float, 0x38800000u);
    result = __builtin_bit_cast(uint32_t, __builtin_bit_cast(float, 0x38800000u + magnitude) - smallest);
  }
  return __builtin_bit_cast(float, result | sign);
}

}  // namespace emulator

#if defined(SWIFTLET_INSTRUMENTED)
// What instrumented kernels call before every access that is not one of the emulator's own.
namespace {
void tell(const void *at, size_t bytes, bool isWrite) {
  emulator::Block &b = emulator::block();
  if (!b.isRunning || (!b.isShared(at) && !emulator::isDeviceAddress(at))) return;
  ++emulator::counters.accesses;
  emulator::hesitate(b);
  emulator::access(at, bytes, isWrite);
}
}  // namespace
#define TELL(bytes)                                                                              \
  extern "C" void __sanitizer_cov_load##bytes(void *at) { tell(at, bytes, false); }              \
  extern "C" void __sanitizer_cov_store##bytes(void *at) { tell(at, bytes, true); }
TELL(1)
TELL(2)
TELL(4)
TELL(8)
TELL(16)
#endif
