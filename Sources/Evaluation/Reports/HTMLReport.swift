// The report as one page that needs nothing else: no server, no network, no other file.

package import Foundation

/// A page with the table of all runs, and a table of all utterances with their words aligned: both can be sorted by any
/// column, the second filtered. It is well-formed XML as well, so that programs can read it.
///
/// - Parameter problems: what was left out of each data set before any run, by the data set's path.
package func htmlReport(
  of results: [RunResult], problems: [String: [DatasetProblem]], date: Date = Date()
) -> String {
  let names = distinctNames(of: results)
  let labels = results.map { "\($0.run.model) \($0.run.precision), \(names[$0.run] ?? $0.dataset)" }
  return """
    <!DOCTYPE html>
    <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <title>Swiftlet: word error rates</title>
    <style>
    \(HTMLReportParts.style)
    </style>
    </head>
    <body>
    <h1>Word error rates</h1>
    <p>\(escaped(date.formatted(.iso8601)))</p>
    \(summary(results))
    \(runDetails(results, labels))
    \(skipped(results, problems, labels))
    <h2>Utterances</h2>
    \(filters(labels))
    <table id="utterances" class="sortable">
    <thead><tr>\(utteranceColumns.map { "<th>\($0)</th>" }.joined())</tr></thead>
    <tbody>
    \(zip(results.indices, results).map { rows($1, $0, labels[$0]) }.joined(separator: "\n"))
    </tbody>
    </table>
    <script>
    //<![CDATA[
    \(HTMLReportParts.script)
    //]]>
    </script>
    </body>
    </html>

    """
}

private func summary(_ results: [RunResult]) -> String {
  let table = SummaryTable(results)
  let head = table.header.map { "<th>\(escaped($0))</th>" }.joined()
  let rows = table.rows.map { row in
    "<tr>" + row.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
  }
  return """
    <table id="summary" class="sortable">
    <thead><tr>\(head)</tr></thead>
    <tbody>
    \(rows.joined(separator: "\n"))
    </tbody>
    </table>
    \(table.notes.map { "<p>\(escaped($0))</p>" }.joined(separator: "\n"))
    """
}

private func runDetails(_ results: [RunResult], _ labels: [String]) -> String {
  let items = zip(results, labels).map { result, label in
    "<li><b>\(escaped(label))</b>: \(escaped("\(result.run)")), normalizer \(result.normalization?.rawValue ?? "of the language")</li>"
  }
  return "<details><summary>How these runs were made</summary><ul>\n"
    + items.joined(separator: "\n") + "\n</ul></details>"
}

private func skipped(
  _ results: [RunResult], _ problems: [String: [DatasetProblem]], _ labels: [String]
) -> String {
  let before = problems.sorted { $0.key < $1.key }.flatMap(\.value).map { "\($0)" }
  let failures = zip(results, labels).flatMap { result, label in
    result.failures.map { "\(label): \($0)" }
  }
  let all = before + failures
  guard !all.isEmpty else { return "" }
  return "<h2>Left out</h2>\n<ul id=\"skipped\">\n"
    + all.map { "<li>\(escaped($0))</li>" }.joined(separator: "\n") + "\n</ul>"
}

private func filters(_ labels: [String]) -> String {
  let options = labels.indices.map { "<option value=\"\($0)\">\(escaped(labels[$0]))</option>" }
  return """
    <p class="filters">
    <select id="run"><option value="">all runs</option>\(options.joined())</select>
    <input id="words" type="search" placeholder="words or name"/>
    <label><input id="wrong" type="checkbox"/> only those with errors</label>
    <span id="count"></span>
    </p>
    <p>Reference: <del>word</del> was not recognized; hypothesis: <ins class="other">word</ins> stands where another word
    should, <ins>word</ins> is one too many.</p>
    """
}

private let utteranceColumns = [
  "run", "utterance", "WER %", "errors", "words", "S", "D", "I", "CER %", "sound, s", "time, s",
  "x real time",
  "text",
]

private func rows(_ result: RunResult, _ number: Int, _ label: String) -> String {
  result.utterances.map { scored in
    let hypothesis = scored.hypothesis
    let (words, utterance) = (scored.score.words, scored.utterance)
    let link = URL(filePath: utterance.audio).absoluteString
    let cells = [
      escaped(label), "<a href=\"\(escaped(link))\">\(escaped(utterance.id))</a>", percent(words.rate),
      "\(words.errors)", "\(words.referenceCount)", "\(words.substitutions)", "\(words.deletions)",
      "\(words.insertions)", percent(scored.score.characters.rate),
      String(format: "%.2f", hypothesis.duration),
      String(format: "%.3f", hypothesis.seconds), speed(hypothesis.speed), aligned(scored.score.alignment),
    ]
    return "<tr data-run=\"\(number)\" data-errors=\"\(words.errors)\">"
      + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
  }.joined(separator: "\n")
}

private func aligned(_ alignment: WordAlignment) -> String {
  alignment.steps.map { step in
    let (reference, hypothesis) = (escaped(step.reference ?? ""), escaped(step.hypothesis ?? ""))
    return switch step.operation {
    case .match: reference
    case .substitution: "<del>\(reference)</del> <ins class=\"other\">\(hypothesis)</ins>"
    case .deletion: "<del>\(reference)</del>"
    case .insertion: "<ins>\(hypothesis)</ins>"
    }
  }.joined(separator: " ")
}
