// The product of many rows, in bf16 and fp16: tiles of shared memory that are filled asynchronously while the tensor cores work
// on those before.

#include "device.h"

/// Terms of a tile.
constexpr int tileTerms = 32;
/// Tiles that are filled or worked on at a time.
constexpr int stages = 3;

template <int rows, int columns>
struct ProductTiles {
  // Rows of 64 bytes, in four pieces of 16.
  u16 a[stages][rows][tileTerms];
  u16 b[stages][columns][tileTerms];
};

/// Where piece `piece` of row `row` of a tile lies: eight consecutive rows have the same piece in different banks.
DEVICE int swizzled(int row, int piece) { return (piece ^ (row >> 1 & 3)) * 8; }

/// A block computes `rows` by `columns`, its warps 16 `deep` by 8 `wide` each.
template <class T, int rows, int columns, int deep, int wide>
DEVICE void product(const swiftlet_product_arguments &p) {
  constexpr int warpsDown = rows / (16 * deep);
  constexpr int threads = warpsDown * (columns / (8 * wide)) * 32;
  static_assert(sizeof(ProductTiles<rows, columns>) == (rows == 128 ? swiftlet_product_shared : swiftlet_product_small_shared));
  static_assert(threads == (rows == 128 ? swiftlet_threads : swiftlet_small_threads));
  auto &tiles = *(ProductTiles<rows, columns> *)sharedMemory(sizeof(ProductTiles<rows, columns>));
  const int thread = threadIndex(), lane = thread % 32, warp = thread / 32;
  const int window = blockZ();
  const int count = rowCount(p.counts, window, p.rows);
  const int row0 = blockY() * rows, column0 = blockX() * columns;
  if (row0 >= count) return;

  const T *a = (const T *)p.a + window * p.a_window;
  const T *b = (const T *)p.b;
  const int *sources = p.sources ? p.sources + window * p.sources_window : nullptr;

  // Every thread copies the same piece of the same few rows for every tile.
  constexpr int rowsAtOnce = threads / (tileTerms / 8);
  const int piece = thread % (tileTerms / 8), firstRow = thread / (tileTerms / 8);
  int source[rows / rowsAtOnce];
  for (int i = 0; i < rows / rowsAtOnce; ++i) {
    const int row = row0 + firstRow + i * rowsAtOnce;
    source[i] = row < count ? (sources ? sources[row] : row) : -1;
  }
  const int steps = (p.depth + tileTerms - 1) / tileTerms;
  auto fill = [&](int step) {
    const int stage = step % stages, term = step * tileTerms + piece * 8;
    const bool hasTerm = term < p.depth;
    for (int i = 0; i < rows / rowsAtOnce; ++i) {
      const int row = firstRow + i * rowsAtOnce;
      const bool isThere = source[i] >= 0 && hasTerm;
      copyAsync(&tiles.a[stage][row][swizzled(row, piece)], isThere ? a + source[i] * p.a_step + term : a, isThere);
    }
    for (int i = 0; i < columns / rowsAtOnce; ++i) {
      const int row = firstRow + i * rowsAtOnce;
      const bool isThere = column0 + row < p.columns && hasTerm;
      copyAsync(&tiles.b[stage][row][swizzled(row, piece)], isThere ? b + (u64)(column0 + row) * p.depth + term : b, isThere);
    }
  };

  for (int step = 0; step < stages - 1; ++step) {
    if (step < steps) fill(step);
    commitCopies();
  }
  const int warpRow = warp % warpsDown * 16 * deep, warpColumn = warp / warpsDown * 8 * wide;
  float sums[deep][wide][4] = {};
  for (int step = 0; step < steps; ++step) {
    waitForCopies<stages - 2>();
    // This tile is there for all threads, and all have done with the one that is filled next.
    barrier();
    if (step + stages - 1 < steps) fill(step + stages - 1);
    commitCopies();
    const int stage = step % stages;
    for (int part = 0; part < tileTerms / 8; part += 2) {
      u32 left[deep][4];
      for (int i = 0; i < deep; ++i) {
        const int row = warpRow + 16 * i + lane % 16;
        loadMatrices(left[i], &tiles.a[stage][row][swizzled(row, part + lane / 16)]);
      }
      for (int j = 0; j < wide; j += 2) {
        u32 right[4];
        const int row = warpColumn + 8 * j + lane % 16;
        loadMatrices(right, &tiles.b[stage][row][swizzled(row, part + lane / 16)]);
        for (int i = 0; i < deep; ++i) {
          multiplyAdd<T>(sums[i][j], left[i], right[0], right[2]);
          multiplyAdd<T>(sums[i][j + 1], left[i], right[1], right[3]);
        }
      }
    }
  }

  // Sums go through shared memory, 16 rows of each warp at a time, so that neighbouring threads write neighbouring columns.
  constexpr int part = 16 * warpsDown, step = columns + 8;
  static_assert(part * step * sizeof(float) <= sizeof(tiles));
  float *lines = (float *)&tiles;
  const u64 to = (p.slots ? p.slots[window] : window) * p.c_window;
  const float *residual = p.residual ? p.residual + window * p.residual_window : nullptr;
  for (int i = 0; i < deep; ++i) {
    // All threads have done with the tiles, or with the part before.
    barrier();
    for (int j = 0; j < wide; ++j) {
      for (int e = 0; e < 4; ++e) {
        const int line = warp % warpsDown * 16 + lane / 4 + e / 2 * 8;
        lines[line * step + warpColumn + 8 * j + lane % 4 * 2 + e % 2] = sums[i][j][e];
      }
    }
    barrier();
#pragma unroll 1
    for (int index = thread; index < part * columns; index += threads) {
      const int line = index / columns, column = column0 + index % columns;
      const int row = row0 + line / 16 * 16 * deep + 16 * i + line % 16;
      if (row >= count || column >= p.columns) continue;
      const u64 added = (u64)(sources ? sources[row] : row) * p.residual_step + column;
      const float sum = lines[line * step + index % columns];
      finish<T>(sum, p.c, to + row * p.c_step + column, p.bias, column, residual, added, p.flags);
    }
  }
}

KERNEL(product_bf16, swiftlet_threads, swiftlet_product_arguments) { product<bf16, 128, 128, 4, 4>(arguments); }
KERNEL(product_fp16, swiftlet_threads, swiftlet_product_arguments) { product<fp16, 128, 128, 4, 4>(arguments); }
KERNEL(product_small_bf16, swiftlet_small_threads, swiftlet_product_arguments) { product<bf16, 64, 64, 2, 4>(arguments); }
KERNEL(product_small_fp16, swiftlet_small_threads, swiftlet_product_arguments) { product<fp16, 64, 64, 2, 4>(arguments); }
