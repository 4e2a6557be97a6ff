// How many cores this process may use.

import Foundation

/// Physical cores among the processors that this process may run on, or fewer if its control group has less time.
///
/// Two hardware threads of a core share its vector units, so that a second one gains these kernels nothing. Linux tells the
/// affinity in `/proc/self/status`, siblings in `/sys/devices/system/cpu`, the quota in the control group's `cpu.max`
/// (version 2) or `cpu.cfs_quota_us` (version 1).
package enum UsableCores {
  package static let count = count(files: { try? String(contentsOfFile: $0, encoding: .utf8) })

  /// - Parameter files: gives the text of a file by its path; nil if there is none.
  static func count(files: (String) -> String?) -> Int {
    let everything = max(1, ProcessInfo.processInfo.activeProcessorCount)
    guard let status = files("/proc/self/status"),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }),
      let processors = numbers(inList: line.drop { $0 != ":" }.dropFirst())
    else { return everything }
    let cores = Set(
      processors.map {
        files("/sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list") ?? "\($0)"
      })
    let quota = quota(files: files).map { max(1, Int($0.rounded(.up))) } ?? .max
    return max(1, min(cores.count, quota))
  }

  /// Processors' worth of time that the control group and those above it allow.
  private static func quota(files: (String) -> String?) -> Double? {
    guard let groups = files("/proc/self/cgroup") else { return nil }
    var limits: [Double] = []
    for line in groups.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      var path = String(fields[2])
      let isSecondVersion = fields[0] == "0"
      guard isSecondVersion || fields[1].split(separator: ",").contains("cpu") else { continue }
      while true {
        if isSecondVersion {
          let numbers = files("/sys/fs/cgroup\(path)/cpu.max")?.split { $0 == " " || $0 == "\n" } ?? []
          if numbers.count == 2, let quota = Double(numbers[0]), let period = Double(numbers[1]), period > 0 {
            limits.append(quota / period)
          }
        } else {
          let folder = "/sys/fs/cgroup/cpu\(path)"
          func number(_ name: String) -> Double? {
            files("\(folder)/\(name)").flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
          }
          if let quota = number("cpu.cfs_quota_us"), quota > 0, let period = number("cpu.cfs_period_us"),
            period > 0
          {
            limits.append(quota / period)
          }
        }
        guard let slash = path.lastIndex(of: "/"), !path.isEmpty else { break }
        path = String(path[..<slash])
      }
    }
    return limits.min()
  }

  /// `0-3,8` as 0, 1, 2, 3, 8.
  static func numbers(inList list: some StringProtocol) -> [Int]? {
    var result: [Int] = []
    for part in list.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ",") {
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last - first < 1 << 16 else {
        return nil
      }
      result += first...last
    }
    return result.isEmpty ? nil : result
  }
}
