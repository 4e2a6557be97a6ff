// What a kernel may use, on a CPU: the other body of Sources/CDevice/kernels/device.h, which includes this.

#pragma once

#include <cmath>

#include "emulator.h"

#define DEVICE static inline
/// Defines a kernel and makes it known to the emulator.
#define KERNEL(name, threads, type)                                                                                      \
  static void name(const type &arguments);                                                                               \
  static const emulator::Registration name##Registration(#name, threads, sizeof(type), [](const void *arguments) {        \
    name(*static_cast<const type *>(arguments));                                                                         \
  });                                                                                                                    \
  static void name(const type &arguments)

DEVICE void *sharedMemory(u32 bytes) { return emulator::sharedMemory(bytes); }
DEVICE u32 threadIndex() { return emulator::position.thread; }
DEVICE u32 blockX() { return emulator::position.block[0]; }
DEVICE u32 blockY() { return emulator::position.block[1]; }
DEVICE u32 blockZ() { return emulator::position.block[2]; }
DEVICE u32 gridX() { return emulator::position.grid[0]; }

// The line of a call tells threads apart that wait at different places.
DEVICE void barrier(int line = __builtin_LINE()) { emulator::barrier(line); }
DEVICE void copyAsync(void *to, const void *from, bool isThere) { emulator::copyAsync(to, from, isThere); }
DEVICE void commitCopies() { emulator::commitCopies(); }
template <int pending>
DEVICE void waitForCopies() {
  emulator::waitForCopies(pending);
}
DEVICE void loadMatrices(u32 (&to)[4], const void *row, int line = __builtin_LINE()) {
  emulator::loadMatrices(to, row, false, line);
}
DEVICE void loadMatricesTransposed(u32 (&to)[4], const void *row, int line = __builtin_LINE()) {
  emulator::loadMatrices(to, row, true, line);
}
template <class T>
DEVICE void multiplyAdd(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1, int line = __builtin_LINE()) {
  emulator::multiplyAdd(c, a, b0, b1, isBFloat<T>, line);
}
DEVICE float exchange(float value, u32 mask, int line = __builtin_LINE()) { return emulator::exchange(value, mask, line); }
DEVICE Vector loadVector(const void *from) {
  emulator::access(from, 16, false);
  return *static_cast<const Vector *>(from);
}
DEVICE void storeVector(void *to, const Vector &value) {
  emulator::access(to, 16, true);
  *static_cast<Vector *>(to) = value;
}
DEVICE float fused(float a, float b, float c) { return std::fma(a, b, c); }
DEVICE float power(float x) { return x < -126 ? 0 : std::exp2(x); }
DEVICE float squareRoot(float x) { return std::sqrt(x); }
DEVICE float fromBits(u32 bits) { return __builtin_bit_cast(float, bits); }
DEVICE float widen(fp16 value) { return emulator::fromHalf(value.bits); }
template <class T>
DEVICE u32 pack(float low, float high) {
  return isBFloat<T> ? emulator::toBFloat(low) | (u32)emulator::toBFloat(high) << 16
                     : emulator::toHalf(low) | (u32)emulator::toHalf(high) << 16;
}
