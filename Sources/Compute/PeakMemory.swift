// How much memory this process has had at most.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The largest resident set of this process so far, or since ``resetPeakMemory()``, in bytes; mapped engines count as far as they were touched.
package func peakMemory() -> Int {
  var usage = rusage()
  #if canImport(Glibc)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  #else
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
  #endif
}

/// Has ``peakMemory()`` count from now on: from what is resident now.
///
/// - Returns: whether the system can do that; Linux can (`proc_pid_clear_refs(5)`).
package func resetPeakMemory() -> Bool {
  guard let file = fopen("/proc/self/clear_refs", "w") else { return false }
  let isWritten = fputs("5\n", file) >= 0
  return fclose(file) == 0 && isWritten
}
