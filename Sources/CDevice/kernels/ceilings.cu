// What a GPU can do at best: multiply-adds in registers alone, and launches of nothing.

#include "device.h"

template <class T>
DEVICE void peak(const swiftlet_peak_arguments &p) {
  const int thread = threadIndex();
  // All zeros: operands that change nothing cost no less time, and no sum grows out of its type.
  const u32 a[4] = {};
  float sums[16][4] = {};
  for (int round = 0; round < p.rounds; ++round) {
    for (int i = 0; i < 16; ++i) multiplyAdd<T>(sums[i], a, 0, 0);
  }
  float total = 0;
  for (int i = 0; i < 16; ++i) total = total + sums[i][0];
  p.c[blockX() * swiftlet_threads + thread] = total;
}

KERNEL(peak_bf16, swiftlet_threads, swiftlet_peak_arguments) { peak<bf16>(arguments); }
KERNEL(peak_fp16, swiftlet_threads, swiftlet_peak_arguments) { peak<fp16>(arguments); }

/// As many multiply-adds for each warp as in the others: 16 of 2,048 a round.
KERNEL(peak_fp32, swiftlet_threads, swiftlet_peak_arguments) {
  float sums[16] = {};
  const float factor = arguments.rounds < 0 ? 2.0f : 0.5f;
  for (int round = 0; round < 64 * arguments.rounds; ++round) {
    for (int i = 0; i < 16; ++i) sums[i] = fused(sums[i], factor, factor);
  }
  float total = 0;
  for (int i = 0; i < 16; ++i) total = total + sums[i];
  arguments.c[blockX() * swiftlet_threads + threadIndex()] = total;
}

KERNEL(nothing, 32, swiftlet_nothing_arguments) { (void)arguments; }
