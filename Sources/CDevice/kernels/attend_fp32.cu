// The encoder's attention in fp32: as attend.cu does it, by fused multiply-adds, 32 queries and 64 positions at a time.

#include "device.h"

namespace {
constexpr int plainPositions = 64;
constexpr int plainGap = 4;

struct PlainAttendTiles {
  float queries[swiftlet_attend_rows_fp32][swiftlet_head_channels + plainGap];
  /// Keys by channel; then, in the same place, weights by query.
  float keys[swiftlet_head_channels][plainPositions + plainGap];
  float values[plainPositions][swiftlet_head_channels + plainGap];
};
}  // namespace

KERNEL(attend_fp32, swiftlet_attention_threads, swiftlet_attend_arguments) {
  const auto &p = arguments;
  static_assert(sizeof(PlainAttendTiles) == swiftlet_attend_fp32_shared);
  auto &tiles = *(PlainAttendTiles *)sharedMemory(sizeof(PlainAttendTiles));
  constexpr int channels = swiftlet_head_channels;
  const int thread = threadIndex(), head = blockY(), window = blockZ();
  const int count = rowCount(p.counts, window, p.positions);
  const int row0 = blockX() * swiftlet_attend_rows_fp32;
  if (row0 >= count) return;
  const float *queries = (const float *)p.queries_keys_values + window * p.window + head * channels;
  const float *keys = queries + p.heads * channels, *values = keys + p.heads * channels;
  const float *bias = p.bias ? p.bias + window * p.bias_window : nullptr;

  const int piece = thread % 16 * 4, line = thread / 16;
  for (int row = line; row < swiftlet_attend_rows_fp32; row += swiftlet_attention_threads / 16) {
    Vector query = {};
    if (row0 + row < count) query = loadVector(queries + (row0 + row) * p.step + piece);
    storeVector(&tiles.queries[row][piece], query);
  }
  // A thread has four rows: of scores the four positions, of results the four channels from `piece` on.
  const int down = line * 4;
  float sums[4][4] = {}, total[4] = {}, largest[4] = {noScore, noScore, noScore, noScore};
  const float scale = p.scale * log2e;
  for (int first = 0; first < count; first += plainPositions) {
    // All threads have done with the weights and the values before.
    barrier();
    for (int row = line; row < plainPositions; row += swiftlet_attention_threads / 16) {
      Vector key = {}, value = {};
      if (first + row < count) {
        key = loadVector(keys + (first + row) * p.step + piece);
        value = loadVector(values + (first + row) * p.step + piece);
      }
      for (int i = 0; i < 4; ++i) tiles.keys[piece + i][row] = fromBits(key.word[i]);
      storeVector(&tiles.values[row][piece], value);
    }
    barrier();
    float scores[4][4] = {};
    for (int channel = 0; channel < channels; ++channel) {
      float right[4];
      unpack<float>(loadVector(&tiles.keys[channel][piece]), right);
      for (int i = 0; i < 4; ++i) {
        const float left = tiles.queries[down + i][channel];
        for (int j = 0; j < 4; ++j) scores[i][j] = fused(left, right[j], scores[i][j]);
      }
    }
    float correction[4];
    for (int i = 0; i < 4; ++i) {
      float now = largest[i];
      for (int j = 0; j < 4; ++j) {
        const int position = first + piece + j;
        const bool isThere = position < count;
        scores[i][j] = isThere ? fused(scores[i][j], scale, bias ? bias[position] * log2e : 0) : noScore;
        now = larger(now, scores[i][j]);
      }
      // The sixteen lanes of a row.
      for (u32 mask = 8; mask; mask /= 2) now = larger(now, exchange(now, mask));
      correction[i] = power(largest[i] - now);
      largest[i] = now;
      total[i] = total[i] * correction[i];
      for (int j = 0; j < 4; ++j) {
        scores[i][j] = power(scores[i][j] - now);
        total[i] = total[i] + scores[i][j];
        sums[i][j] = sums[i][j] * correction[i];
      }
    }
    // All threads have done with the keys.
    barrier();
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) tiles.keys[down + i][piece + j] = scores[i][j];
    }
    barrier();
    for (int position = 0; position < plainPositions; ++position) {
      float right[4];
      unpack<float>(loadVector(&tiles.values[position][piece]), right);
      for (int i = 0; i < 4; ++i) {
        const float left = tiles.keys[down + i][position];
        for (int j = 0; j < 4; ++j) sums[i][j] = fused(left, right[j], sums[i][j]);
      }
    }
  }
  for (int i = 0; i < 4; ++i) {
    for (u32 mask = 8; mask; mask /= 2) total[i] = total[i] + exchange(total[i], mask);
    const int row = row0 + down + i;
    if (row >= count) continue;
    float *to = (float *)p.c + window * p.c_window + row * p.c_step + head * channels + piece;
    for (int j = 0; j < 4; ++j) to[j] = sums[i][j] / total[i];
  }
}
