// The product of few rows, which is bound by reading the weights: they go from memory to registers and nowhere else. The weights
// are the tensor cores' left operand, so that eight rows or fewer cost one pass.

#include "device.h"

/// The epilogue of an element; its column may belong to the cache.
template <class T>
DEVICE void finishFew(const swiftlet_few_arguments &p, float sum, int row, int column) {
  if (p.cache && column >= p.cache_column) {
    const int slot = p.slots[row];
    if (slot < 0) return;
    const u64 at = slot * p.cache_slot + p.positions[row] * p.cache_step + (column - p.cache_column);
    finish<T>(sum, p.cache, at, p.bias, column, nullptr, 0, 0);
  } else {
    finish<T>(sum, p.c, row * p.c_step + column, p.bias, column, p.residual, row * p.residual_step + column, p.flags);
  }
}

/// A block computes 16 columns of 8 `groups` rows: warp w the terms 32 w to 32 w + 31 of each 256. The warps' sums are added in
/// order, so that a sum does not depend on `groups`.
template <class T, int groups>
DEVICE void productRows(const swiftlet_few_arguments &p) {
  constexpr int warps = swiftlet_threads / 32, rows = 8 * groups, columns = swiftlet_few_columns;
  // One row of sums more than there are, so that a column's lie in different banks.
  using Sums = float[warps][columns][rows + 1];
  auto &sums = *(Sums *)sharedMemory(sizeof(Sums));
  const int thread = threadIndex(), lane = thread % 32, warp = thread / 32;
  const int column0 = blockX() * columns, row0 = blockY() * rows;
  const int line = lane / 4, quarter = lane % 4 * 8;

  const T *b = (const T *)p.b;
  const T *weights[2];
  bool hasColumn[2];
  for (int i = 0; i < 2; ++i) {
    const int column = column0 + line + 8 * i;
    hasColumn[i] = column < p.columns;
    weights[i] = b + (hasColumn[i] ? (u64)column * p.depth : 0) + quarter;
  }
  const T *operand[groups];
  bool hasRow[groups];
  for (int j = 0; j < groups; ++j) {
    const int row = row0 + line + 8 * j;
    hasRow[j] = row < p.rows;
    operand[j] = (const T *)p.a + (hasRow[j] ? (u64)row * p.a_step : 0) + quarter;
  }
  float sum[groups][4] = {};
  // Weights come from far away: several loads of a lane are under way at once.
  constexpr int ahead = 4;
  for (int term = 32 * warp; term < p.depth; term += 32 * warps * ahead) {
    Vector left[ahead][2] = {};
    bool hasTerms[ahead];
    for (int step = 0; step < ahead; ++step) {
      const int at = term + 32 * warps * step;
      hasTerms[step] = at + quarter < p.depth;
      for (int i = 0; i < 2; ++i) {
        if (hasColumn[i] && hasTerms[step]) left[step][i] = loadVector(weights[i] + at);
      }
    }
    for (int step = 0; step < ahead; ++step) {
      Vector right[groups] = {};
      for (int j = 0; j < groups; ++j) {
        if (hasRow[j] && hasTerms[step]) right[j] = loadVector(operand[j] + term + 32 * warps * step);
      }
      // A lane's eight terms stand for terms of two products in another order, the same in both operands.
      for (int k = 0; k < 4; k += 2) {
        const u32 a[4] = {left[step][0].word[k], left[step][1].word[k], left[step][0].word[k + 1], left[step][1].word[k + 1]};
        for (int j = 0; j < groups; ++j) multiplyAdd<T>(sum[j], a, right[j].word[k], right[j].word[k + 1]);
      }
    }
  }
  for (int j = 0; j < groups; ++j) {
    for (int e = 0; e < 4; ++e) sums[warp][line + e / 2 * 8][8 * j + lane % 4 * 2 + e % 2] = sum[j][e];
  }
  barrier();
  for (int index = thread; index < columns * rows; index += swiftlet_threads) {
    const int column = index % columns, row = index / columns;
    if (column0 + column >= p.columns || row0 + row >= p.rows) continue;
    float total = 0;
    for (int part = 0; part < warps; ++part) total = total + sums[part][column][row];
    finishFew<T>(p, total, row0 + row, column0 + column);
  }
}

KERNEL(product_rows8_bf16, swiftlet_threads, swiftlet_few_arguments) { productRows<bf16, 1>(arguments); }
KERNEL(product_rows16_bf16, swiftlet_threads, swiftlet_few_arguments) { productRows<bf16, 2>(arguments); }
KERNEL(product_rows32_bf16, swiftlet_threads, swiftlet_few_arguments) { productRows<bf16, 4>(arguments); }
KERNEL(product_rows64_bf16, swiftlet_threads, swiftlet_few_arguments) { productRows<bf16, 8>(arguments); }
KERNEL(product_rows8_fp16, swiftlet_threads, swiftlet_few_arguments) { productRows<fp16, 1>(arguments); }
KERNEL(product_rows16_fp16, swiftlet_threads, swiftlet_few_arguments) { productRows<fp16, 2>(arguments); }
KERNEL(product_rows32_fp16, swiftlet_threads, swiftlet_few_arguments) { productRows<fp16, 4>(arguments); }
KERNEL(product_rows64_fp16, swiftlet_threads, swiftlet_few_arguments) { productRows<fp16, 8>(arguments); }

/// A warp computes one column of eight rows: each lane four terms of every 128, then the lanes' sums.
KERNEL(product_rows8_fp32, swiftlet_threads, swiftlet_few_arguments) {
  const auto &p = arguments;
  const int thread = threadIndex(), lane = thread % 32;
  const int column = blockX() * swiftlet_few_columns_fp32 + thread / 32, row0 = blockY() * 8;
  // A warp ends as a whole, and there is no barrier.
  if (column >= p.columns) return;
  const float *weights = (const float *)p.b + (u64)column * p.depth;
  const float *operand = (const float *)p.a + row0 * p.a_step;
  const int rows = p.rows - row0 < 8 ? p.rows - row0 : 8;
  float sums[8] = {};
  for (int term = 4 * lane; term < p.depth; term += 128) {
    float left[4];
    unpack<float>(loadVector(weights + term), left);
    for (int row = 0; row < 8; ++row) {
      if (row >= rows) continue;
      float right[4];
      unpack<float>(loadVector(operand + row * p.a_step + term), right);
      for (int i = 0; i < 4; ++i) sums[row] = fused(left[i], right[i], sums[row]);
    }
  }
  for (int row = 0; row < 8; ++row) {
    const float sum = warpSum(sums[row]);
    if (row < rows && lane == row) finishFew<float>(p, sum, row0 + row, column);
  }
}
