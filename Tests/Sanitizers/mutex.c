// Tells ThreadSanitizer about Swift's Mutex on Linux. Scripts/sanitize preloads it.
//
// Locking a free Mutex is an atomic operation in the caller's code, which is instrumented. Where threads contend, the
// standard library, which is not instrumented, locks with a futex in `_lockSlow` and `_unlockSlow`: ThreadSanitizer sees no
// order between the owners and reports races that are none. These two functions stand before the library's, call them, and
// state the order that they make. Nothing has to be suppressed, and races beside a Mutex are still found.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

// Of ThreadSanitizer's interface; missing in the shells and tools that inherit LD_PRELOAD.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

// Methods of Synchronization._MutexHandle, whose `self` is in Swift's context register.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SELF __attribute__((swift_context)) void *mutex
typedef __attribute__((swiftcall)) void LockSlow(uint32_t thread, SELF);
typedef __attribute__((swiftcall)) void UnlockSlow(SELF);

LockSlow lock_slow __asm__(LOCK_SLOW);
UnlockSlow unlock_slow __asm__(UNLOCK_SLOW);

__attribute__((swiftcall)) void lock_slow(uint32_t thread, SELF) {
  ((LockSlow *)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

__attribute__((swiftcall)) void unlock_slow(SELF) {
  if (__tsan_release) __tsan_release(mutex);
  ((UnlockSlow *)dlsym(RTLD_NEXT, UNLOCK_SLOW))(mutex);
}
