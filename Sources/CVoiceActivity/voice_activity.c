// Embeds the weights of Silero's voice activity network (MIT licence) from the folder `data`.

#include "CVoiceActivity.h"

// `#embed` is C23; clang accepts it in every mode and says so with this warning.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const _Alignas(64) uint8_t weights[] = {
#embed "data/silero_vad.safetensors"
};

const uint8_t *cvoiceactivity_weights(size_t *count) {
  *count = sizeof weights;
  return weights;
}
