// zlib, for the compression ratio by which openai-whisper knows text that repeats itself.
#include <zlib.h>
