// Layer normalization: one warp a row, sums in fp32 and in one order.

#include "device.h"

template <class T>
DEVICE void normalize(const swiftlet_normalize_arguments &p) {
  const int thread = threadIndex(), lane = thread % 32, window = blockY();
  const int count = rowCount(p.counts, window, p.rows);
  const int row = blockX() * swiftlet_normalize_rows + thread / 32;
  // A warp ends as a whole, and there is no barrier.
  if (row >= count) return;
  const int source = p.sources ? p.sources[row] : row;
  const u64 to = window * p.c_window + row * p.c_step;
  const bool isWide = p.flags & swiftlet_result_fp32;
  if (source < 0) {
    for (int i = lane; i < p.width; i += 32) {
      if (isWide) {
        ((float *)p.c)[to + i] = 0;
      } else {
        ((T *)p.c)[to + i] = narrow<T>(0);
      }
    }
    return;
  }
  const float *x = p.x + window * p.x_window + source * p.x_step;
  float sum = 0;
  for (int i = lane; i < p.width; i += 32) sum = sum + x[i];
  const float mean = warpSum(sum) / p.width;
  float squares = 0;
  for (int i = lane; i < p.width; i += 32) {
    const float d = x[i] - mean;
    squares = fused(d, d, squares);
  }
  const float scale = 1 / squareRoot(warpSum(squares) / p.width + p.epsilon);
  for (int i = lane; i < p.width; i += 32) {
    const float y = fused((x[i] - mean) * scale, p.gamma[i], p.beta[i]);
    if (isWide) {
      ((float *)p.c)[to + i] = y;
    } else {
      ((T *)p.c)[to + i] = narrow<T>(y);
    }
  }
}

KERNEL(normalize_bf16, swiftlet_threads, swiftlet_normalize_arguments) { normalize<bf16>(arguments); }
KERNEL(normalize_fp16, swiftlet_threads, swiftlet_normalize_arguments) { normalize<fp16>(arguments); }
KERNEL(normalize_fp32, swiftlet_threads, swiftlet_normalize_arguments) { normalize<float>(arguments); }
