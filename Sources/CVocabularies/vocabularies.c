// Embeds the two vocabulary files of openai-whisper (MIT licence), byte for byte, from the folder `data`.

#include "CVocabularies.h"

// `#embed` is C23; clang accepts it in every mode and says so with this warning.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t gpt2[] = {
#embed "data/gpt2.tiktoken"
};

static const uint8_t multilingual[] = {
#embed "data/multilingual.tiktoken"
};

const uint8_t *cvocabularies_gpt2(size_t *count) {
  *count = sizeof gpt2;
  return gpt2;
}

const uint8_t *cvocabularies_multilingual(size_t *count) {
  *count = sizeof multilingual;
  return multilingual;
}
