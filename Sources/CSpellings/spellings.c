// Embeds openai-whisper's table of British and American spellings (MIT licence), byte for byte, from the folder `data`.

#include "CSpellings.h"

// `#embed` is C23; clang accepts it in every mode and says so with this warning.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t english[] = {
#embed "data/english.json"
};

const uint8_t *cspellings_english(size_t *count) {
  *count = sizeof english;
  return english;
}
