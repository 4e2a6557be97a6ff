// The report on the terminal.

/// The table of all runs, and of each the worst and the slowest utterances with their words aligned.
///
/// - Parameters:
///   - shown: how many of each.
///   - width: columns of the terminal, for the aligned words.
package func textReport(of results: [RunResult], shown: Int, width: Int, coloured: Bool) -> String {
  let summary = SummaryTable(results)
  let table = TextTable(header: summary.header, wordColumns: summary.wordColumns, rows: summary.rows)
  var parts = [([table.text] + summary.notes).joined(separator: "\n")]
  let names = distinctNames(of: results)
  func lines(_ utterances: [ScoredUtterance]) -> String {
    utterances.map { scored in
      let alignment = scored.score.alignment.abridged()
      return title(scored) + "\n" + alignment.text(width: width, coloured: coloured)
    }.joined(separator: "\n")
  }
  for result in results where shown > 0 {
    let name = "\(result.run.model) at \(result.run.precision) on \(names[result.run] ?? result.dataset)"
    let worst = result.worst(shown)
    if !worst.isEmpty { parts.append("Most errors, \(name):\n" + lines(worst)) }
    parts.append("Slowest, \(name):\n" + lines(result.slowest(shown)))
  }
  return parts.joined(separator: "\n\n")
}

private func title(_ scored: ScoredUtterance) -> String {
  let (words, hypothesis) = (scored.score.words, scored.hypothesis)
  return
    "\(scored.utterance.id): \(words.errors) errors in \(words.referenceCount) words, WER \(percent(words.rate)) %, "
    + "\(length(hypothesis.duration)) of audio in \(milliseconds(hypothesis.seconds)), "
    + "\(speed(hypothesis.speed)) x real time"
}

extension WordAlignment {
  /// How many words that are right are kept before and after an error at least.
  private static let context = 6

  /// Of each long stretch of words that are right only its beginning and its end.
  func abridged() -> WordAlignment {
    var kept: [Step] = []
    var right: [Step] = []
    func endStretch() {
      let gap = Step(operation: .match, reference: "...", hypothesis: "...")
      let isLong = right.count > 3 * Self.context
      kept += isLong ? right.prefix(Self.context) + [gap] + right.suffix(Self.context) : right
      right = []
    }
    for step in steps {
      if step.operation == .match {
        right.append(step)
      } else {
        endStretch()
        kept.append(step)
      }
    }
    endStretch()
    return WordAlignment(steps: kept)
  }
}
