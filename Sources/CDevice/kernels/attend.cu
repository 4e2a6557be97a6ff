// The encoder's attention in bf16 and fp16, without the matrix of scores: a block takes 64 queries of one head through all keys
// and values, 64 at a time, and corrects what it has when a larger score turns up (Dao et al., "FlashAttention", 2022).

#include "device.h"

namespace {
constexpr int attendPositions = 64;

/// Rows of 128 bytes, in eight pieces of 16.
struct AttendTiles {
  u16 queries[swiftlet_attend_rows][swiftlet_head_channels];
  u16 keys[2][attendPositions][swiftlet_head_channels];
  u16 values[2][attendPositions][swiftlet_head_channels];
};
}  // namespace

/// Where piece `piece` of row `row` lies: eight consecutive rows have the same piece in different banks.
DEVICE int swizzledPiece(int row, int piece) { return (piece ^ (row & 7)) * 8; }

template <class T>
DEVICE void attend(const swiftlet_attend_arguments &p) {
  static_assert(sizeof(AttendTiles) == swiftlet_attend_shared);
  auto &tiles = *(AttendTiles *)sharedMemory(sizeof(AttendTiles));
  constexpr int channels = swiftlet_head_channels;
  const int thread = threadIndex(), lane = thread % 32, warp = thread / 32;
  const int head = blockY(), window = blockZ();
  const int count = rowCount(p.counts, window, p.positions);
  const int row0 = blockX() * swiftlet_attend_rows;
  if (row0 >= count) return;
  const T *queries = (const T *)p.queries_keys_values + window * p.window + head * channels;
  const T *keys = queries + p.heads * channels, *values = keys + p.heads * channels;
  const float *bias = p.bias ? p.bias + window * p.bias_window : nullptr;

  const int piece = thread % 8, line = thread / 8;
  auto fill = [&](u16(&tile)[64][channels], const T *from, int first) {
    for (int row = line; row < 64; row += swiftlet_attention_threads / 8) {
      const bool isThere = first + row < count;
      copyAsync(&tile[row][swizzledPiece(row, piece)], from + (isThere ? first + row : 0) * p.step + piece * 8, isThere);
    }
  };
  fill(tiles.queries, queries, row0);
  fill(tiles.keys[0], keys, 0);
  fill(tiles.values[0], values, 0);
  commitCopies();

  u32 query[channels / 16][4];
  float sums[channels / 8][4] = {};
  // Of the two rows that a lane has a part of.
  float largest[2] = {noScore, noScore}, total[2] = {};
  const float scale = p.scale * log2e;
  const int tileCount = (count + attendPositions - 1) / attendPositions;
  for (int tile = 0; tile < tileCount; ++tile) {
    const int stage = tile % 2, first = tile * attendPositions;
    waitForCopies<0>();
    // This tile is there for all threads, and all have done with the one before.
    barrier();
    if (tile + 1 < tileCount) {
      fill(tiles.keys[1 - stage], keys, first + attendPositions);
      fill(tiles.values[1 - stage], values, first + attendPositions);
    }
    commitCopies();
    if (tile == 0) {
      for (int k = 0; k < channels / 16; ++k) {
        const int row = 16 * warp + lane % 16;
        loadMatrices(query[k], &tiles.queries[row][swizzledPiece(row, 2 * k + lane / 16)]);
      }
    }

    float scores[attendPositions / 8][4] = {};
    for (int k = 0; k < channels / 16; ++k) {
      for (int j = 0; j < attendPositions / 16; ++j) {
        u32 right[4];
        const int row = 16 * j + lane % 16;
        loadMatrices(right, &tiles.keys[stage][row][swizzledPiece(row, 2 * k + lane / 16)]);
        multiplyAdd<T>(scores[2 * j], query[k], right[0], right[2]);
        multiplyAdd<T>(scores[2 * j + 1], query[k], right[1], right[3]);
      }
    }
    float now[2] = {largest[0], largest[1]};
    for (int j = 0; j < attendPositions / 8; ++j) {
      for (int k = 0; k < 2; ++k) {
        const int position = first + 8 * j + lane % 4 * 2 + k;
        const bool isThere = position < count;
        const float added = isThere && bias ? bias[position] * log2e : 0;
        for (int pair = 0; pair < 2; ++pair) {
          float &score = scores[j][2 * pair + k];
          score = isThere ? fused(score, scale, added) : noScore;
          now[pair] = larger(now[pair], score);
        }
      }
    }
    float correction[2];
    for (int pair = 0; pair < 2; ++pair) {
      // The four lanes of a row.
      now[pair] = larger(now[pair], exchange(now[pair], 1));
      now[pair] = larger(now[pair], exchange(now[pair], 2));
      correction[pair] = power(largest[pair] - now[pair]);
      largest[pair] = now[pair];
      total[pair] = total[pair] * correction[pair];
    }
    for (int j = 0; j < channels / 8; ++j) {
      for (int e = 0; e < 4; ++e) sums[j][e] = sums[j][e] * correction[e / 2];
    }
    // Weights are rounded to T, and their sum is that of the rounded ones. As they lie in the registers, they are the left
    // operand of the next product.
    for (int k = 0; k < attendPositions / 16; ++k) {
      u32 weights[4];
      for (int e = 0; e < 4; ++e) {
        const float *score = &scores[2 * k + e / 2][e % 2 * 2];
        weights[e] = pack<T>(power(score[0] - now[e % 2]), power(score[1] - now[e % 2]));
        total[e % 2] = total[e % 2] + (half<T>(weights[e], 0) + half<T>(weights[e], 1));
      }
      for (int j = 0; j < channels / 16; ++j) {
        u32 right[4];
        const int row = 16 * k + lane % 16;
        loadMatricesTransposed(right, &tiles.values[stage][row][swizzledPiece(row, 2 * j + lane / 16)]);
        multiplyAdd<T>(sums[2 * j], weights, right[0], right[1]);
        multiplyAdd<T>(sums[2 * j + 1], weights, right[2], right[3]);
      }
    }
  }

  for (int pair = 0; pair < 2; ++pair) {
    total[pair] = total[pair] + exchange(total[pair], 1);
    total[pair] = total[pair] + exchange(total[pair], 2);
    const int row = row0 + 16 * warp + lane / 4 + 8 * pair;
    if (row >= count) continue;
    u32 *to = (u32 *)((T *)p.c + window * p.c_window + row * p.c_step + head * channels);
    for (int j = 0; j < channels / 8; ++j) {
      to[4 * j + lane % 4] = pack<T>(sums[j][2 * pair] / total[pair], sums[j][2 * pair + 1] / total[pair]);
    }
  }
}

KERNEL(attend_bf16, swiftlet_attention_threads, swiftlet_attend_arguments) { attend<bf16>(arguments); }
KERNEL(attend_fp16, swiftlet_attention_threads, swiftlet_attend_arguments) { attend<fp16>(arguments); }
