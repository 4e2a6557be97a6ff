// What a kernel may use: the same few names on a GPU, where they are PTX, and in the emulator of Tests/EmulatedDevice.
//
// Kernels are compiled without NVIDIA's headers and without contraction: where a multiply and an add are one operation, the
// kernel says so. Synchronization is of whole blocks and whole warps only, and no block waits for another.

#pragma once

#define SWIFTLET_KERNEL 1

using u16 = unsigned short;
using u32 = unsigned;
using u64 = unsigned long long;

struct bf16 {
  u16 bits;
};
struct fp16 {
  u16 bits;
};
template <class T>
constexpr bool isBFloat = false;
template <>
inline constexpr bool isBFloat<bf16> = true;

/// What one load or one asynchronous copy moves: 16 bytes at a multiple of 16.
struct alignas(16) __attribute__((may_alias)) Vector {
  u32 word[4];
};

#if defined(__CUDA__)

#include <__clang_cuda_builtin_vars.h>

#include "../include/kernel_arguments.h"

#define DEVICE static __attribute__((device)) inline __attribute__((always_inline))
/// Defines the entry point `name`: blocks of `threads` threads, one structure of arguments, `arguments`.
#define KERNEL(name, threads, type)                                                                                      \
  extern "C" __attribute__((global)) __attribute__((launch_bounds(threads))) void name(const type arguments)

extern "C" __attribute__((device)) __attribute__((shared)) Vector swiftlet_shared[];

/// The block's shared memory, of which the launch has asked for `bytes`.
DEVICE void *sharedMemory(u32) { return swiftlet_shared; }

DEVICE u32 threadIndex() { return threadIdx.x; }
DEVICE u32 blockX() { return blockIdx.x; }
DEVICE u32 blockY() { return blockIdx.y; }
DEVICE u32 blockZ() { return blockIdx.z; }
DEVICE u32 gridX() { return gridDim.x; }

DEVICE u32 sharedAddress(const void *pointer) {
  u64 address;
  asm("cvta.to.shared.u64 %0, %1;" : "=l"(address) : "l"(pointer));
  return (u32)address;
}

/// Waits for all threads of the block, and makes what each has written visible to all.
DEVICE void barrier() { asm volatile("bar.sync 0;" ::: "memory"); }

/// Begins to copy 16 bytes to shared memory; with `isThere` false, zeros, and nothing is read.
DEVICE void copyAsync(void *to, const void *from, bool isThere) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(sharedAddress(to)), "l"(from), "r"(isThere ? 16 : 0)
               : "memory");
}
/// Ends a group of copies, which may be empty.
DEVICE void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until no more than the newest `pending` of this thread's groups are under way.
template <int pending>
DEVICE void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

/// Four 8 by 8 matrices of 16 bits: lane 8 i + r gives the address of row r of matrix i; of matrix i each lane receives the
/// values 2 (lane % 4) and the next of row lane / 4.
DEVICE void loadMatrices(u32 (&to)[4], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(sharedAddress(row))
               : "memory");
}
/// The same of the transposed matrices.
DEVICE void loadMatricesTransposed(u32 (&to)[4], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(sharedAddress(row))
               : "memory");
}

/// c += a b for a 16 by 16 and a 16 by 8 matrix in the registers of a warp, as PTX lays out mma.m16n8k16.
template <class T>
DEVICE void multiplyAdd(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  if constexpr (isBFloat<T>) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
}

/// The value of the lane whose number differs in the bits of `mask`.
DEVICE float exchange(float value, u32 mask) {
  float result;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(result) : "f"(value), "r"(mask));
  return result;
}

/// 16 bytes at once.
DEVICE Vector loadVector(const void *from) { return *(const Vector *)from; }
DEVICE void storeVector(void *to, const Vector &value) { *(Vector *)to = value; }

/// a b + c, rounded once.
DEVICE float fused(float a, float b, float c) {
  float result;
  asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(result) : "f"(a), "f"(b), "f"(c));
  return result;
}
/// 2^x, to 2 ulp.
DEVICE float power(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}
DEVICE float squareRoot(float x) {
  float result;
  asm("sqrt.rn.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}
DEVICE float fromBits(u32 bits) {
  float result;
  asm("mov.b32 %0, %1;" : "=f"(result) : "r"(bits));
  return result;
}
DEVICE float widen(fp16 value) {
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
  return result;
}
DEVICE float withinHalf(float x) { return x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x; }
/// Two values in one word, `low` in its lower half, each rounded to the nearest; fp16 has no infinity here.
template <class T>
DEVICE u32 pack(float low, float high) {
  u32 result;
  if constexpr (isBFloat<T>) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
  } else {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(withinHalf(high)), "f"(withinHalf(low)));
  }
  return result;
}

#elif defined(SWIFTLET_EMULATOR)

#include "../include/kernel_arguments.h"
// The other body of everything above, in Tests/EmulatedDevice.
#include SWIFTLET_EMULATOR

#else
#error "kernels are compiled to PTX by Scripts/build-ptx, or for the emulator"
#endif

// From here on, what both share.

DEVICE float widen(bf16 value) { return fromBits((u32)value.bits << 16); }
DEVICE float widen(float value) { return value; }
/// Half `index` of a word.
template <class T>
DEVICE float half(u32 word, int index) {
  return widen(T{(u16)(index ? word >> 16 : word)});
}
template <class T>
DEVICE T narrow(float value) {
  if constexpr (sizeof(T) == 4) {
    return value;
  } else {
    return T{(u16)pack<T>(value, 0)};
  }
}

/// Values of T in 16 bytes.
template <class T>
constexpr int vectorLength = 16 / (int)sizeof(T);

/// The values of 16 bytes.
template <class T>
DEVICE void unpack(const Vector &vector, float (&values)[vectorLength<T>]) {
  for (int i = 0; i < vectorLength<T>; ++i) {
    if constexpr (sizeof(T) == 4) {
      values[i] = fromBits(vector.word[i]);
    } else {
      values[i] = half<T>(vector.word[i / 2], i % 2);
    }
  }
}

/// The sum over a warp, the same in every lane, in one order.
DEVICE float warpSum(float value) {
  for (u32 mask = 16; mask; mask /= 2) value = value + exchange(value, mask);
  return value;
}
DEVICE float larger(float a, float b) { return a > b ? a : b; }
DEVICE float warpLargest(float value) {
  for (u32 mask = 16; mask; mask /= 2) value = larger(value, exchange(value, mask));
  return value;
}

constexpr float log2e = 1.4426950408889634f;
/// A score that no position has; finite, so that the difference of two is a number.
constexpr float noScore = -1e30f;

/// x/2 (1 + erf(x / sqrt 2)). The normal distribution's tail is 2^(-1 - |x| q(|x|)), q a polynomial fitted to 1e-8; the rest of
/// the error, 4e-8 of |x|, is fp32's.
DEVICE float gelu(float x) {
  float a = x < 0 ? -x : x;
  float q = 2.834932729456341e-06f;
  q = fused(q, a, -3.937787550967187e-05f);
  q = fused(q, a, 0.00018618088506627828f);
  q = fused(q, a, 0.00013693529763258994f);
  q = fused(q, a, -0.007063419092446566f);
  q = fused(q, a, 0.052496179938316345f);
  q = fused(q, a, 0.4592081904411316f);
  q = fused(q, a, 1.1511051654815674f);
  float tail = power(fused(-a, q, -1.0f));
  return x < 0 ? x * tail : x * (1.0f - tail);
}

/// How many rows a window has, at most `rows`.
DEVICE int rowCount(const int32_t *counts, int window, int rows) {
  if (counts && counts[window] < rows) rows = counts[window];
  return rows;
}

/// A product's last steps for one element.
template <class T>
DEVICE void finish(float sum, void *c, u64 at, const float *bias, int column, const float *residual, u64 residualAt, int flags) {
  if (bias) sum = sum + bias[column];
  if (flags & swiftlet_result_gelu) sum = gelu(sum);
  if (residual) sum = sum + residual[residualAt];
  if (flags & swiftlet_result_fp32) {
    ((float *)c)[at] = sum;
  } else {
    ((T *)c)[at] = narrow<T>(sum);
  }
}
