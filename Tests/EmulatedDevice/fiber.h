// Stackful fibers: one function that changes stacks, for the two processors that tests run on.

#pragma once

#include <cstdint>

/// Saves the registers that a call preserves on this stack, stores its pointer in `*from`, and goes on from that in `to`.
extern "C" void emulator_switch_stacks(void **from, void *to);

namespace emulator {

/// The stack pointer of a fiber that will run `entry`, which must not return, when it is first switched to.
///
/// - Parameter top: the end of the fiber's stack.
inline void *prepareFiber(void *top, void (*entry)()) {
  auto words = reinterpret_cast<void **>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t(15));
#if defined(__x86_64__)
  // The address that `ret` takes, below it six registers; a called function finds its stack eight bytes off a multiple of 16.
  *--words = nullptr;
  *--words = reinterpret_cast<void *>(entry);
  for (int i = 0; i < 6; ++i) *--words = nullptr;
#elif defined(__aarch64__)
  // x19 to x30, then d8 to d15.
  for (int i = 0; i < 20; ++i) *--words = nullptr;
  words[11] = reinterpret_cast<void *>(entry);
#else
#error "the emulator knows x86-64 and arm64"
#endif
  return words;
}

}  // namespace emulator
