// Whisper's two vocabularies, built into the program so that a model which comes without one works anywhere.

#pragma once

#include <stddef.h>
#include <stdint.h>

// The text of openai-whisper's gpt2.tiktoken: one token a line, its bytes in base64, a space and its rank.
// English-only models use it. `count` receives the number of bytes; they live as long as the program.
const uint8_t *_Nonnull cvocabularies_gpt2(size_t *_Nonnull count);

// The text of openai-whisper's multilingual.tiktoken, in the same form; all other models use it.
const uint8_t *_Nonnull cvocabularies_multilingual(size_t *_Nonnull count);
