// The comparison for people and for machines.

package import Foundation

/// A table of all contenders in Markdown, one of the ratios to ours, and who is missing.
package func comparisonReport(of comparison: Comparison) -> String {
  let rows = comparison.rows
  var parts = [comparison.title, (comparison.isLong ? longTable(rows) : clipTable(rows)).markdown]
  if comparison.isLong, let words = rows.first?.words.referenceCount { parts.append(note(words)) }
  if let ratios = ratioTable(rows) {
    parts += ["Times as long as Swiftlet took, pass by pass:", ratios.markdown]
  }
  if !comparison.failures.isEmpty {
    let lines = comparison.failures.map { "  \($0.name): \($0.reason)" }
    parts.append("Left out, or not in all passes:\n" + lines.joined(separator: "\n"))
  }
  return parts.joined(separator: "\n\n")
}

/// Everything, with the texts of each pass; times are seconds, memory is bytes, rates and shares are fractions.
package func jsonReport(of comparison: Comparison) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(comparison) + Data("\n".utf8)
}

private func clipTable(_ rows: [Comparison.Row]) -> TextTable {
  TextTable(
    header: [
      "engine", "load s", "encoder ms", "decoder ms", "total s", "x real time", "peak MB", "WER %",
      "same %", "worse %",
    ],
    wordColumns: 1,
    rows: rows.map { row in
      [
        row.name, String(format: "%.2f", row.load), thousandths(row.encoder, digits: 0),
        thousandths(row.decoder, digits: 2), row.total.text(digits: 2), row.speed.text(digits: 1),
        memory(row.memory), percent(row.wordErrorRate), wholePercent(row.same), wholePercent(row.worse),
      ]
    })
}

private func longTable(_ rows: [Comparison.Row]) -> TextTable {
  TextTable(
    header: [
      "engine", "load s", "total s", "x real time", "peak MB", "WER %", "95 % interval", "left out",
      "invented",
    ],
    wordColumns: 1,
    rows: rows.map { row in
      [
        row.name, String(format: "%.2f", row.load), row.total.text(digits: 2), row.speed.text(digits: 1),
        memory(row.memory), percent(row.wordErrorRate), percent(row.interval), "\(row.unmatched.leftOut)",
        "\(row.unmatched.invented)",
      ]
    })
}

private func note(_ words: Int) -> String {
  """
  \(words) words are said. Left out: words in runs of \(UnmatchedWords.shortestRun) or more that are missing; invented: words \
  in such runs that nobody said, and every word where nothing is said.
  """
}

/// Nil if none is ours.
private func ratioTable(_ rows: [Comparison.Row]) -> TextTable? {
  let ours = rows.filter(\.isSwiftlet).map(\.name)
  guard !ours.isEmpty, rows.count > 1 else { return nil }
  return TextTable(
    header: ["engine"] + ours, wordColumns: 1,
    rows: rows.map { row in
      [row.name] + ours.map { $0 == row.name ? "1" : row.ratios[$0]?.text(digits: 2) ?? "" }
    })
}

private func thousandths(_ spread: Spread?, digits: Int) -> String {
  spread.map { String(format: "%.\(digits)f", 1000 * $0.median) } ?? ""
}

private func wholePercent(_ share: Double?) -> String {
  share.map { String(format: "%.0f", 100 * $0) } ?? "n/a"
}
