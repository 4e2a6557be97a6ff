// The table that puts models, precisions and data sets side by side, for the terminal and for HTML alike.

/// A row a run.
struct SummaryTable {
  let header: [String]
  let rows: [[String]]
  /// How many columns at the left hold words.
  let wordColumns: Int
  /// What has to be said about a column.
  let notes: [String]

  init(_ results: [RunResult]) {
    let names = distinctNames(of: results)
    let hasPublished = results.contains { $0.publishedRate != nil }
    wordColumns = 3
    header =
      [
        "data set", "model", "precision", "clips", "WER %", "95 % interval", "S", "D", "I", "words",
        "left out", "invented", "CER %", "sound", "time", "x real time", "peak MB",
      ] + (hasPublished ? ["published WER %", "points"] : [])
    rows = results.map { result in
      [
        names[result.run] ?? result.dataset, result.run.model, result.run.precision,
        "\(result.utterances.count)", percent(result.words.rate), percent(result.interval),
        "\(result.words.substitutions)", "\(result.words.deletions)", "\(result.words.insertions)",
        "\(result.words.referenceCount)", "\(result.unmatched.leftOut)", "\(result.unmatched.invented)",
        percent(result.characters.rate), length(result.duration), length(result.seconds), speed(result.speed),
        memory(result.peakMemory),
      ] + (hasPublished ? Self.comparison(result) : [])
    }
    notes = Self.notes(results)
  }

  private static func comparison(_ result: RunResult) -> [String] {
    guard let published = result.publishedRate, let rate = result.words.rate else { return ["", ""] }
    let points = percent(rate - published)
    return [percent(published), rate >= published ? "+\(points)" : points]
  }

  private static func notes(_ results: [RunResult]) -> [String] {
    var notes: [String] = []
    for result in results {
      guard let split = result.split, result.publishedRate != nil else { continue }
      let count = result.utterances.count
      let note =
        "\(result.run.dataset) has \(count) of the \(split.utteranceCount) recordings of \(split.rawValue): "
        + "the published rate is for all of them."
      if count != split.utteranceCount, !notes.contains(note) { notes.append(note) }
    }
    return notes
  }
}
