// The decoder's attention: one block for a row, a head and a part of the positions; and where in the sound a row looks.

#include "device.h"

constexpr int attendWarps = swiftlet_attention_threads / 32;

/// Scores of positions `first..<end`, in base two, to `scores`: a few lanes for each position.
template <class T>
DEVICE void score(const T *query, const T *keys, u64 keyStep, int first, int end, float scale, const float *bias, float *scores) {
  constexpr int length = vectorLength<T>, lanes = swiftlet_head_channels / length;
  constexpr int groups = swiftlet_attention_threads / lanes;
  const int thread = threadIndex(), part = thread % lanes, group = thread / lanes;
  float left[length];
  unpack<T>(loadVector(query + part * length), left);
  for (int i = 0; i < length; ++i) left[i] = left[i] * scale;
  // Keys come from far away: several loads of a lane are under way at once.
  constexpr int ahead = 4;
  for (int start = first; start < end; start += groups * ahead) {
    Vector key[ahead] = {};
    for (int step = 0; step < ahead; ++step) {
      const int position = start + groups * step + group;
      if (position < end) key[step] = loadVector(keys + position * keyStep + part * length);
    }
    for (int step = 0; step < ahead; ++step) {
      const int position = start + groups * step + group;
      float right[length], sum = 0;
      unpack<T>(key[step], right);
      for (int i = 0; i < length; ++i) sum = fused(left[i], right[i], sum);
      for (u32 mask = lanes / 2; mask; mask /= 2) sum = sum + exchange(sum, mask);
      if (position < end && part == 0) scores[position - first] = bias ? fused(bias[position], log2e, sum) : sum;
    }
  }
}

/// Scores to weights, 2^(score - largest); all threads return the largest score and the sum of the weights.
///
/// It begins and ends with a barrier, so that what was written before is there, and so are the weights.
DEVICE void weigh(float *scores, int count, float *numbers, float &largest, float &total) {
  const int thread = threadIndex(), lane = thread % 32, warp = thread / 32;
  barrier();
  // Every warp looks at all scores.
  largest = noScore;
  for (int i = lane; i < count; i += 32) largest = larger(largest, scores[i]);
  largest = warpLargest(largest);
  barrier();
  float sum = 0;
  for (int i = thread; i < count; i += swiftlet_attention_threads) {
    const float weight = power(scores[i] - largest);
    scores[i] = weight;
    sum = sum + weight;
  }
  sum = warpSum(sum);
  if (lane == 0) numbers[warp] = sum;
  barrier();
  total = 0;
  for (int i = 0; i < attendWarps; ++i) total = total + numbers[i];
}

template <class T, bool isCross>
DEVICE void attendRow(const swiftlet_attend_rows_arguments &p) {
  constexpr int channels = swiftlet_head_channels, length = vectorLength<T>, lanes = channels / length;
  constexpr int groups = swiftlet_attention_threads / lanes;
  const int thread = threadIndex(), lane = thread % 32, warp = thread / 32;
  const int head = blockX(), row = blockY(), slot = p.slots[row];
  T *c = (T *)p.c + row * p.c_step + head * channels;
  if (slot < 0) {
    if (!isCross && thread < channels) c[thread] = narrow<T>(0);
    return;
  }
  const int first = isCross ? blockZ() * swiftlet_cross_positions : 0;
  int end = isCross ? p.positions[slot] : p.positions[row] + 1;
  if (isCross && end > first + swiftlet_cross_positions) end = first + swiftlet_cross_positions;
  if (first >= end) return;

  float *numbers = (float *)sharedMemory(swiftlet_attend_rows_shared(end - first));
  float *joined = numbers + 8, *scores = joined + attendWarps * channels;
  const T *query = (const T *)p.queries + row * p.query_step + head * channels;
  const T *keys = (const T *)p.cache + slot * p.cache_slot + head * channels;
  const T *values = keys + p.heads * channels;
  score<T>(query, keys, p.cache_step, first, end, p.scale * log2e, isCross && p.bias ? p.bias + slot * p.bias_slot : nullptr,
           scores);
  float largest, total;
  weigh(scores, end - first, numbers, largest, total);

  const int part = thread % lanes, group = thread / lanes;
  float sums[length] = {};
  constexpr int ahead = 4;
  for (int start = first + group; start < end; start += groups * ahead) {
    Vector value[ahead] = {};
    float weights[ahead] = {};
    for (int step = 0; step < ahead; ++step) {
      const int position = start + groups * step;
      if (position >= end) continue;
      value[step] = loadVector(values + position * p.cache_step + part * length);
      weights[step] = scores[position - first];
    }
    for (int step = 0; step < ahead; ++step) {
      float right[length];
      unpack<T>(value[step], right);
      for (int i = 0; i < length; ++i) sums[i] = fused(weights[step], right[i], sums[i]);
    }
  }
  for (int i = 0; i < length; ++i) {
    for (u32 mask = lanes; mask < 32; mask *= 2) sums[i] = sums[i] + exchange(sums[i], mask);
    if (lane < lanes) joined[warp * channels + part * length + i] = sums[i];
  }
  barrier();
  if (thread >= channels) return;
  float value = 0;
  for (int i = 0; i < attendWarps; ++i) value = value + joined[i * channels + thread];
  if constexpr (isCross) {
    float *to = p.parts + (((u64)row * p.heads + head) * p.parts_stride + blockZ()) * (2 + channels);
    to[2 + thread] = value;
    if (thread == 0) {
      to[0] = largest;
      to[1] = total;
    }
  } else {
    c[thread] = narrow<T>(value / total);
  }
}

/// The parts of a row and a head, in their order.
template <class T>
DEVICE void joinParts(const swiftlet_attend_rows_arguments &p) {
  constexpr int channels = swiftlet_head_channels;
  const int channel = threadIndex(), head = blockX(), row = blockY(), slot = p.slots[row];
  T *c = (T *)p.c + row * p.c_step + head * channels;
  if (slot < 0) {
    c[channel] = narrow<T>(0);
    return;
  }
  const int parts = (p.positions[slot] + swiftlet_cross_positions - 1) / swiftlet_cross_positions;
  const float *from = p.parts + ((u64)row * p.heads + head) * p.parts_stride * (2 + channels);
  float largest = noScore;
  for (int part = 0; part < parts; ++part) largest = larger(largest, from[part * (2 + channels)]);
  float total = 0, value = 0;
  for (int part = 0; part < parts; ++part) {
    const float *numbers = from + part * (2 + channels);
    const float weight = power(numbers[0] - largest);
    total = fused(numbers[1], weight, total);
    value = fused(numbers[2 + channel], weight, value);
  }
  c[channel] = narrow<T>(value / total);
}

template <class T>
DEVICE void align(const swiftlet_alignment_arguments &p) {
  constexpr int channels = swiftlet_head_channels;
  const int thread = threadIndex(), listed = blockX(), row = blockY(), slot = p.slots[row];
  if (slot < 0) return;
  float *numbers = (float *)sharedMemory(swiftlet_alignment_shared(p.positions));
  float *scores = numbers + 8;
  const int head = p.heads[listed];
  score<T>((const T *)p.queries + row * p.query_step + head * channels,
           (const T *)p.cache + slot * p.cache_slot + head * channels, p.cache_step, 0, p.positions, p.scale * log2e, nullptr,
           scores);
  float largest, total;
  weigh(scores, p.positions, numbers, largest, total);
  float *c = p.c + p.planes[listed] * p.c_plane + row * p.c_step;
  for (int i = thread; i < p.positions; i += swiftlet_attention_threads) c[i] = scores[i] / total;
}

#define ATTEND_ROWS(type, suffix)                                                                                          \
  KERNEL(attend_self_##suffix, swiftlet_attention_threads, swiftlet_attend_rows_arguments) {                               \
    attendRow<type, false>(arguments);                                                                                     \
  }                                                                                                                        \
  KERNEL(attend_cross_##suffix, swiftlet_attention_threads, swiftlet_attend_rows_arguments) {                              \
    attendRow<type, true>(arguments);                                                                                      \
  }                                                                                                                        \
  KERNEL(attend_join_##suffix, swiftlet_head_channels, swiftlet_attend_rows_arguments) { joinParts<type>(arguments); }      \
  KERNEL(alignment_##suffix, swiftlet_attention_threads, swiftlet_alignment_arguments) { align<type>(arguments); }

ATTEND_ROWS(bf16, bf16)
ATTEND_ROWS(fp16, fp16)
ATTEND_ROWS(float, fp32)
