// The British spellings that Whisper's English normalizer makes American, built into the program.

#pragma once

#include <stddef.h>
#include <stdint.h>

// The text of openai-whisper's normalizers/english.json: one object, British spelling to American. `count` receives the
// number of bytes; they live as long as the program.
const uint8_t *_Nonnull cspellings_english(size_t *_Nonnull count);
