// Counts heap allocations of chosen threads, for tests of code that must not allocate.

#pragma once

/// Whether allocations are counted in this build: on Linux with glibc, without a sanitizer.
int swiftlet_counts_allocations(void);

/// From now on the calling thread's allocations are counted, or no longer.
void swiftlet_count_allocations(int counts);

/// Allocations of all threads that are counted, since the program began.
long swiftlet_allocation_count(void);
