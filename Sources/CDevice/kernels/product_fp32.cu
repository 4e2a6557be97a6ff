// The product of many rows in fp32: sums in the order of their terms, by fused multiply-adds; no TF32.

#include "device.h"

namespace {
constexpr int plainTile = 64;
constexpr int plainTerms = 16;

/// Terms outermost, with a gap that keeps stores of neighbouring terms in different banks.
struct PlainTiles {
  float a[plainTerms][plainTile + 4];
  float b[plainTerms][plainTile + 4];
};
}  // namespace

KERNEL(product_fp32, swiftlet_threads, swiftlet_product_arguments) {
  const auto &p = arguments;
  static_assert(sizeof(PlainTiles) == swiftlet_product_fp32_shared);
  auto &tiles = *(PlainTiles *)sharedMemory(sizeof(PlainTiles));
  const int thread = threadIndex(), window = blockZ();
  const int count = rowCount(p.counts, window, p.rows);
  const int row0 = blockY() * plainTile, column0 = blockX() * plainTile;
  if (row0 >= count) return;
  const int *sources = p.sources ? p.sources + window * p.sources_window : nullptr;

  // A thread reads four terms of one row and of one column for each tile, and computes four rows by four columns.
  const int line = thread / 4, term0 = thread % 4 * 4;
  const bool hasRow = row0 + line < count, hasColumn = column0 + line < p.columns;
  const float *a = (const float *)p.a + window * p.a_window;
  if (hasRow) a = a + (u64)(sources ? sources[row0 + line] : row0 + line) * p.a_step;
  const float *b = (const float *)p.b + (hasColumn ? (u64)(column0 + line) * p.depth : 0);
  const int down = thread / 16 * 4, across = thread % 16 * 4;
  float sums[4][4] = {};
  for (int first = 0; first < p.depth; first += plainTerms) {
    const bool hasTerms = first + term0 < p.depth;
    Vector left = {}, right = {};
    if (hasRow && hasTerms) left = loadVector(a + first + term0);
    if (hasColumn && hasTerms) right = loadVector(b + first + term0);
    // All threads have done with the tile before.
    barrier();
    for (int i = 0; i < 4; ++i) {
      tiles.a[term0 + i][line] = fromBits(left.word[i]);
      tiles.b[term0 + i][line] = fromBits(right.word[i]);
    }
    barrier();
    for (int term = 0; term < plainTerms; ++term) {
      float rows[4], columns[4];
      unpack<float>(loadVector(&tiles.a[term][down]), rows);
      unpack<float>(loadVector(&tiles.b[term][across]), columns);
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) sums[i][j] = fused(rows[i], columns[j], sums[i][j]);
      }
    }
  }

  const u64 to = (p.slots ? p.slots[window] : window) * p.c_window;
  const float *residual = p.residual ? p.residual + window * p.residual_window : nullptr;
  for (int i = 0; i < 4; ++i) {
    const int row = row0 + down + i;
    if (row >= count) continue;
    const u64 added = (u64)(sources ? sources[row] : row) * p.residual_step;
    for (int j = 0; j < 4; ++j) {
      const int column = column0 + across + j;
      if (column >= p.columns) continue;
      finish<float>(sums[i][j], p.c, to + row * p.c_step + column, p.bias, column, residual, added + column, p.flags);
    }
  }
}
