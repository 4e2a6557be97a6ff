// What only moves numbers: embeddings, forks of caches, weights out of an engine's panels.

#include "device.h"

template <class T>
DEVICE void embed(const swiftlet_embed_arguments &p) {
  const int row = blockX(), token = p.tokens[row];
  const T *from = (const T *)p.table + (u64)(token < 0 ? 0 : token) * p.width;
  const float *place = p.places + (u64)(token < 0 ? 0 : p.positions[row]) * p.width;
  for (int i = threadIndex(); i < p.width; i += swiftlet_threads) {
    float value = 0;
    if (token >= 0) {
      value = widen(from[i]);
      if (p.smoothing) value = value / p.smoothing[i];
      value = value + place[i];
    }
    p.c[row * p.c_step + i] = value;
  }
}

KERNEL(embed_bf16, swiftlet_threads, swiftlet_embed_arguments) { embed<bf16>(arguments); }
KERNEL(embed_fp16, swiftlet_threads, swiftlet_embed_arguments) { embed<fp16>(arguments); }
KERNEL(embed_fp32, swiftlet_threads, swiftlet_embed_arguments) { embed<float>(arguments); }

KERNEL(copy_cache, swiftlet_threads, swiftlet_copy_arguments) {
  const auto &p = arguments;
  const swiftlet_copy_job &job = p.jobs[blockZ()];
  char *layer = (char *)p.cache + blockY() * p.layer_bytes;
  const char *from = layer + job.from * p.slot_bytes;
  char *to = layer + job.to * p.slot_bytes;
  const u64 end = job.end * p.position_bytes;
  u64 at = job.first * p.position_bytes + ((u64)blockX() * swiftlet_threads + threadIndex()) * 16;
  for (; at < end; at += (u64)gridX() * swiftlet_threads * 16) storeVector(to + at, loadVector(from + at));
}

/// Value `index` of panels, as they are stored.
DEVICE float stored(const void *panels, u64 index, int source) {
  switch (source) {
    case swiftlet_panel_fp32: return ((const float *)panels)[index];
    case swiftlet_panel_fp16: return widen(((const fp16 *)panels)[index]);
    case swiftlet_panel_bf16: return widen(((const bf16 *)panels)[index]);
    default: return ((const signed char *)panels)[index];
  }
}

template <class T>
DEVICE void repack(const swiftlet_repack_arguments &p) {
  constexpr int width = 64, terms = swiftlet_repack_terms;
  using Tile = float[terms][width + 1];
  static_assert(sizeof(Tile) == swiftlet_repack_shared);
  auto &tile = *(Tile *)sharedMemory(sizeof(Tile));
  const int group = p.source == swiftlet_panel_int8 ? 4 : p.source == swiftlet_panel_bf16 ? 2 : 1;
  const u64 panel = blockY(), first = (u64)blockX() * terms;
  // Both sides go along memory.
  for (int i = threadIndex(); i < terms * width; i += swiftlet_threads) {
    const int term = i / (width * group) * group + i % group, lane = i / group % width;
    tile[term][lane] = first + term < p.terms ? stored(p.panels, (panel * p.terms + first) * width + i, p.source) : 0;
  }
  barrier();
  for (int i = threadIndex(); i < terms * width; i += swiftlet_threads) {
    const u64 term = first + i % terms, column = panel * width + i / terms;
    if (column >= (u64)p.columns || term >= p.c_step) continue;
    float value = term < (u64)p.depth ? tile[i % terms][i / terms] : 0;
    if (p.scales) value = value * p.scales[column];
    ((T *)p.c)[column * p.c_step + term] = narrow<T>(value);
  }
}

KERNEL(repack_bf16, swiftlet_threads, swiftlet_repack_arguments) { repack<bf16>(arguments); }
KERNEL(repack_fp16, swiftlet_threads, swiftlet_repack_arguments) { repack<fp16>(arguments); }
KERNEL(repack_fp32, swiftlet_threads, swiftlet_repack_arguments) { repack<float>(arguments); }
