// The report for machines.

package import Foundation

/// Everything about the runs in JSON: an array `runs` with figures, utterances and what was left out; rates are fractions,
/// times are seconds, memory is bytes.
///
/// - Parameter problems: what was left out of each data set before any run, by the data set's path.
package func jsonReport(of results: [RunResult], problems: [String: [DatasetProblem]]) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  let runs = results.map { RunEntry($0, skipped: (problems[$0.run.dataset] ?? []) + $0.failures) }
  return try encoder.encode(["runs": runs]) + Data("\n".utf8)
}

private struct RunEntry: Encodable {
  var run: RunIdentity
  var dataset: String
  /// Missing where each language has its own.
  var normalizer: Normalization?
  var words: Errors
  /// Words in runs of five or more that the hypothesis lacks, or has too many.
  var unmatched: UnmatchedWords
  var characters: Errors
  var publishedRate: Double?
  var duration: Double
  var seconds: Double
  var speed: Double?
  var peakMemory: Int?
  var utterances: [UtteranceEntry]
  var skipped: [DatasetProblem]

  init(_ result: RunResult, skipped: [DatasetProblem]) {
    run = result.run
    dataset = result.dataset
    normalizer = result.normalization
    words = Errors(result.words, interval: result.interval)
    unmatched = result.unmatched
    characters = Errors(result.characters)
    publishedRate = result.publishedRate
    duration = result.duration
    seconds = result.seconds
    speed = result.speed
    peakMemory = result.peakMemory
    utterances = result.utterances.map(UtteranceEntry.init)
    self.skipped = skipped
  }
}

private struct Errors: Encodable {
  var rate: Double?
  /// Of the rate, with 95 % confidence.
  var interval: [Double]?
  var substitutions: Int
  var deletions: Int
  var insertions: Int
  var hits: Int

  init(_ counts: EditCounts, interval: ClosedRange<Double>? = nil) {
    rate = counts.rate
    self.interval = interval.map { [$0.lowerBound, $0.upperBound] }
    substitutions = counts.substitutions
    deletions = counts.deletions
    insertions = counts.insertions
    hits = counts.hits
  }
}

private struct UtteranceEntry: Encodable {
  var id: String
  var audio: String
  var language: String?
  var reference: String
  var hypothesis: String
  var normalizedReference: String
  var normalizedHypothesis: String
  var words: Errors
  var unmatched: UnmatchedWords
  var characters: Errors
  var duration: Double
  var seconds: Double

  init(_ scored: ScoredUtterance) {
    id = scored.utterance.id
    audio = scored.utterance.audio
    language = scored.utterance.language ?? scored.hypothesis.language
    reference = scored.utterance.text
    hypothesis = scored.hypothesis.text
    normalizedReference = scored.score.reference
    normalizedHypothesis = scored.score.hypothesis
    words = Errors(scored.score.words)
    unmatched = scored.score.unmatched
    characters = Errors(scored.score.characters)
    duration = scored.hypothesis.duration
    seconds = scored.hypothesis.seconds
  }
}
