// How numbers are written in reports.

import Foundation

/// A rate in percent, without the sign: 0.0566 is `5.66`.
package func percent(_ rate: Double?) -> String { rate.map { String(format: "%.2f", 100 * $0) } ?? "n/a" }

/// An interval of rates in percent.
func percent(_ interval: ClosedRange<Double>?) -> String {
  interval.map { "\(percent($0.lowerBound)) to \(percent($0.upperBound))" } ?? "n/a"
}

/// Seconds as lengths are read, tenths below a minute: `1:02:03`, `4:05`, `12.3 s`.
package func length(_ seconds: Double) -> String {
  seconds < 60 ? String(format: "%.1f s", seconds) : clock(seconds)
}

/// Seconds as a clock shows them: `1:02:03`, `4:05`.
package func clock(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded())
  return whole < 3600
    ? String(format: "%d:%02d", whole / 60, whole % 60)
    : String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
}

func milliseconds(_ seconds: Double) -> String { String(format: "%.0f ms", 1000 * seconds) }

/// Seconds of sound in a second.
package func speed(_ value: Double?) -> String { value.map { String(format: "%.1f", $0) } ?? "n/a" }

/// Bytes of a file in MB of 10^6 bytes.
package func megabytes(_ bytes: Int64) -> String { String(format: "%.1f", Double(bytes) / 1e6) }

/// Bytes of memory in MB of 2^20 bytes.
package func memory(_ bytes: Int?) -> String { bytes.map { "\($0 >> 20)" } ?? "n/a" }

/// Names of data sets that tell them apart: the paths where two have the same name.
func distinctNames(of results: [RunResult]) -> [RunIdentity: String] {
  var paths: [String: Set<String>] = [:]
  for result in results { paths[result.dataset, default: []].insert(result.run.dataset) }
  return Dictionary(
    results.map { ($0.run, (paths[$0.dataset]?.count ?? 0) > 1 ? $0.run.dataset : $0.dataset) },
    uniquingKeysWith: { first, _ in first })
}
