// What check.c stands on: random numbers, memory that notices stray accesses, and the 16-bit formats.

#pragma once

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { poison = 0xa5, slack = 64 };

// MARK: random numbers

static uint64_t state = 88172645463325252u;

static uint32_t random_bits(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32);
}

static float random_float(float low, float high) {
  return low + (high - low) * (float)(random_bits() >> 8) * 0x1p-24f;
}

// MARK: memory

static struct { void *at; size_t bytes; } maps[64];
static size_t map_count;

// `bytes` bytes that end where an inaccessible page begins.
static void *input(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t whole = (bytes + page - 1) / page * page;
  char *at = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED || mprotect(at + whole, page, PROT_NONE)) abort();
  if (map_count == sizeof maps / sizeof *maps) abort();
  maps[map_count].at = at;
  maps[map_count++].bytes = whole + page;
  return at + whole - bytes;
}

// The same, poisoned, with more poison behind it.
static void *output(size_t bytes) { return memset(input(bytes + slack), poison, bytes + slack); }

static float *floats(size_t count, float low, float high) {
  float *x = input(count * sizeof *x);
  for (size_t i = 0; i < count; i++) x[i] = random_float(low, high);
  return x;
}

static void release(size_t kept) {
  for (; map_count > kept; map_count--) munmap(maps[map_count - 1].at, maps[map_count - 1].bytes);
}

static int is_poison(const void *from, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (((const uint8_t *)from)[i] != poison) return 0;
  return 1;
}

// MARK: the number formats

static float from_bf16(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float x;
  memcpy(&x, &wide, sizeof x);
  return x;
}

// To the nearest, ties to even.
static uint16_t to_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  uint32_t rest = bits & 0xffff, whole = bits >> 16;
  return (uint16_t)(whole + (rest > 0x8000 || (rest == 0x8000 && (whole & 1))));
}

static double from_f16(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double magnitude = exponent ? ldexp(1024 + (bits & 1023), exponent - 25) : ldexp(bits & 1023, -24);
  return bits >> 15 ? -magnitude : magnitude;
}
