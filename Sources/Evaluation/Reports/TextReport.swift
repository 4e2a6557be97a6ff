// The report on the terminal.

/// How marked words look.
package enum TextStyle: Sendable {
  /// Colours and lines through words, by ECMA-48.
  case coloured
  /// `[-reference-]{+hypothesis+}`, as wdiff has them.
  case plain
}

/// The table of all runs, and of each the worst and the slowest utterances with their words aligned.
///
/// - Parameter shown: how many of each.
package func textReport(of results: [RunResult], shown: Int, style: TextStyle) -> String {
  let summary = SummaryTable(results)
  let table = TextTable(header: summary.header, wordColumns: summary.wordColumns, rows: summary.rows)
  var parts = [([table.text] + summary.notes).joined(separator: "\n")]
  let names = distinctNames(of: results)
  for result in results where shown > 0 {
    let title = "\(result.run.model) at \(result.run.precision) on \(names[result.run] ?? result.dataset)"
    let worst = result.worst(shown)
    if !worst.isEmpty {
      parts.append("Most errors, \(title):\n" + lines(worst, style))
    }
    parts.append("Slowest, \(title):\n" + lines(result.slowest(shown), style))
  }
  return parts.joined(separator: "\n\n")
}

private func lines(_ utterances: [ScoredUtterance], _ style: TextStyle) -> String {
  utterances.map { scored in
    let hypothesis = scored.hypothesis
    let figures = [
      "\(scored.words.errors) of \(scored.words.referenceCount) words",
      "WER \(percent(scored.words.rate)) %",
      "\(clock(hypothesis.duration)) of sound in "
        + "\(milliseconds(hypothesis.seconds)), \(speed(hypothesis.speed)) x real time",
    ]
    return "  \(scored.utterance.id): " + figures.joined(separator: ", ") + "\n    "
      + marked(scored.alignment, style)
  }.joined(separator: "\n")
}

/// The words of both texts in one line; of a long stretch that is right, how it begins and ends.
private func marked(_ alignment: Alignment, _ style: TextStyle) -> String {
  var words: [String] = []
  var matches: [String] = []
  func finishStretch() {
    let isLong = matches.count > 3 * stretchEnd
    words += isLong ? matches.prefix(stretchEnd) + ["..."] + matches.suffix(stretchEnd) : matches
    matches = []
  }
  for step in alignment.steps {
    if step.operation == .match {
      matches.append(step.reference ?? "")
    } else {
      finishStretch()
      words.append(marked(step, style))
    }
  }
  finishStretch()
  return words.joined(separator: " ")
}

/// How many words are shown before and after an error at least.
private let stretchEnd = 6

private func marked(_ step: Alignment.Step, _ style: TextStyle) -> String {
  let (reference, hypothesis) = (step.reference ?? "", step.hypothesis ?? "")
  return switch (step.operation, style) {
  case (.match, _): reference
  case (.substitution, .plain): "[-\(reference)-]{+\(hypothesis)+}"
  case (.deletion, .plain): "[-\(reference)-]"
  case (.insertion, .plain): "{+\(hypothesis)+}"
  case (.substitution, .coloured): struck(reference) + " " + painted(hypothesis, yellow)
  case (.deletion, .coloured): struck(reference)
  case (.insertion, .coloured): painted(hypothesis, green)
  }
}

private let yellow = "33"
private let green = "32"

/// Red, with a line through it.
private func struck(_ word: String) -> String { painted(word, "31;9") }

private func painted(_ word: String, _ rendition: String) -> String { "\u{1B}[\(rendition)m\(word)\u{1B}[0m" }
