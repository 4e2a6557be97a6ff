// Silero's voice activity network, built into the program so that it is there wherever the program is.

#pragma once

#include <stddef.h>
#include <stdint.h>

// A safetensors file, made by Scripts/convert_voice_activity.py. `count` receives the number of bytes; they live as long as
// the program.
const uint8_t *_Nonnull cvoiceactivity_weights(size_t *_Nonnull count);
