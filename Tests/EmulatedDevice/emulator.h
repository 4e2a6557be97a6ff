// A GPU's blocks on one CPU thread: their threads are fibers, in an order that a seed decides.
//
// Between two points of synchronization any thread may run ahead of any other, as on a GPU: warps change at random moments, and
// so do the lanes of a warp. What is found beyond wrong results is a launch's error, with a sentence: threads of a warp or a block
// that don't meet at the same place, copies that are read before they were waited for or never waited for, addresses that are
// not a multiple of 16 where they must be, and any access outside of what a launch or an allocation has asked for.
//
// Kernels that are compiled with -fno-builtin and -fsanitize-coverage=func,trace-loads,trace-stores tell of every access: then
// every address is checked, to the byte, and so is that no thread reads or writes what another writes without a barrier between.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace emulator {

/// Where the thread that runs now is.
struct Position {
  uint32_t thread, block[3], grid[3];
};
extern __thread Position position;

void *sharedMemory(uint32_t bytes);
void barrier(int line);
void copyAsync(void *to, const void *from, bool isThere);
void commitCopies();
void waitForCopies(int pending);
void loadMatrices(uint32_t (&to)[4], const void *row, bool transposed, int line);
void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, bool isBFloat, int line);
float exchange(float value, uint32_t mask, int line);
/// An access of several bytes at once, which must be at a multiple of them.
void access(const void *at, size_t bytes, bool isWrite);

uint16_t toBFloat(float value);
uint16_t toHalf(float value);
float fromHalf(uint16_t bits);

/// A kernel, as the driver finds it by name.
struct Kernel {
  const char *name;
  uint32_t threads;
  size_t argumentBytes;
  void (*call)(const void *arguments);
};

struct Registration {
  Registration(const char *name, uint32_t threads, size_t argumentBytes, void (*call)(const void *));
};
std::map<std::string, Kernel> &kernels();

struct Launch {
  const Kernel *kernel;
  uint32_t grid[3];
  uint32_t sharedBytes;
  std::vector<unsigned char> arguments;
};

/// Runs a launch to its end.
///
/// - Returns: what was wrong; empty if nothing was.
std::string run(const Launch &launch, uint64_t seed);

/// Memory of the device: filled with NaN, and followed by pages that can't be accessed. Null if address space is used up.
void *allocate(size_t bytes);
/// Makes memory inaccessible for ever; false if nothing begins at that address.
bool release(void *memory);
/// Whether all of these bytes belong to one allocation.
bool isAllocated(const void *memory, size_t bytes);

struct Counters {
  /// Times that rows of one `loadMatrices` shared a bank of shared memory, which a GPU would read one after another.
  uint64_t bankConflicts;
  /// Accesses that instrumented kernels have told of.
  uint64_t accesses;
};
extern __thread Counters counters;

}  // namespace emulator
