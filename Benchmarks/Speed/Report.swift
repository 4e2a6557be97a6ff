// The rows of the table, for people and as JSON.

import Foundation

/// One measurement beside what the machine could do at best.
struct Row: Encodable {
  var group: String
  var name: String
  var precision: String
  var threads: Int
  /// The best and the median of several runs.
  var milliseconds: Double
  var median: Double
  /// What the ceilings that were measured in the same run allow.
  var floor: Double?
  /// floor / milliseconds.
  var share: Double? { floor.map { $0 / milliseconds } }
  var note: String?

  private enum CodingKeys: String, CodingKey {
    case group, name, precision, threads, milliseconds, median, floor, share, note
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(group, forKey: .group)
    try container.encode(name, forKey: .name)
    try container.encode(precision, forKey: .precision)
    try container.encode(threads, forKey: .threads)
    try container.encode(milliseconds, forKey: .milliseconds)
    try container.encode(median, forKey: .median)
    try container.encodeIfPresent(floor, forKey: .floor)
    try container.encodeIfPresent(share, forKey: .share)
    try container.encodeIfPresent(note, forKey: .note)
  }
}

/// Collects rows and prints each as it comes.
final class Report {
  private(set) var rows: [Row] = []

  func add(_ row: Row) {
    if rows.last?.group != row.group {
      print(
        "\n\(row.group)\n"
          + line(["", "precision", "threads", "best ms", "median ms", "floor ms", "of floor"]))
    }
    rows.append(row)
    print(
      line([
        row.name, row.precision, "\(row.threads)", number(row.milliseconds), number(row.median),
        row.floor.map(number) ?? "", row.share.map { String(format: "%.0f %%", 100 * $0) } ?? "",
      ]) + (row.note.map { "  \($0)" } ?? ""))
    fflush(nil)
  }

  private func number(_ value: Double) -> String { String(format: value < 10 ? "%.3f" : "%.1f", value) }

  private func line(_ cells: [String]) -> String {
    let widths = [34, 10, 8, 10, 10, 10, 9]
    return zip(cells, widths).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index == 0 ? cell.0 + padding : padding + cell.0
    }.joined()
  }
}

/// Runs `body` at least `least` times and for about `seconds`; best and median in milliseconds.
func measure(seconds: Double = 0.4, least: Int = 3, _ body: () throws -> Void) rethrows -> (
  best: Double, median: Double
) {
  let clock = ContinuousClock()
  try body()
  var times: [Double] = []
  let end = clock.now + .seconds(seconds)
  while times.count < least || clock.now < end {
    let begin = clock.now
    try body()
    times.append((clock.now - begin) / .milliseconds(1))
  }
  times.sort()
  return (times[0], times[times.count / 2])
}
