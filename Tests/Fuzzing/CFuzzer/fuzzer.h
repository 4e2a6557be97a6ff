// What Swift sees of libFuzzer, which `-sanitize=fuzzer` links. LLVM installs no header for it.

#pragma once
#include <stddef.h>
#include <stdint.h>

/// Takes libFuzzer's arguments and calls `test` with one input after the other; a crash ends the process.
int LLVMFuzzerRunDriver(
    int *count, char ***arguments, int (*test)(const uint8_t *bytes, size_t size));
