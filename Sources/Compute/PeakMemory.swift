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
  if let own = highWaterMark() { return own }
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss << 10
  #else
  getrusage(RUSAGE_SELF, &usage)
  return usage.ru_maxrss
  #endif
}

#if canImport(Glibc)
/// `VmHWM` of `/proc/self/status`: unlike `getrusage`, it leaves out what the program that started this one had.
private func highWaterMark() -> Int? {
  guard let file = fopen("/proc/self/status", "r") else { return nil }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, CInt(line.count), file) != nil {
    let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split { $0.isWhitespace }
    if fields.first == "VmHWM:", fields.count > 1 { return Int(fields[1]).map { $0 << 10 } }
  }
  return nil
}
#endif

/// Has ``peakMemory()`` count from now on: from what is resident now.
///
/// - Returns: whether the system can do that; Linux can (`proc_pid_clear_refs(5)`).
package func resetPeakMemory() -> Bool {
  guard let file = fopen("/proc/self/clear_refs", "w") else { return false }
  let isWritten = fputs("5\n", file) >= 0
  return fclose(file) == 0 && isWritten
}
