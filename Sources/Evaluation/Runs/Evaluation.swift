// Runs a recognizer over a data set and scores what it says.

import SwiftletText

/// How far a run has come.
package struct RunProgress: Sendable {
  /// Utterances that are done, of how many.
  package let done: Int
  package let total: Int
  /// How many of them were in the journal already.
  package let resumed: Int
  /// Word errors so far.
  package let words: EditCounts
  /// Seconds of sound so far, and seconds they took.
  package let duration: Double
  package let seconds: Double
}

/// Has every utterance transcribed, one after the other, unless the journal holds it already.
///
/// What goes wrong with one utterance is collected and the others go on.
///
/// - Parameters:
///   - normalization: what the texts go through before they are compared; nil for what is customary for their language.
///   - peakMemory: asked at the end, for the largest memory of the process while this ran; not if all was in the journal.
///   - progress: told after every utterance.
///   - transcribe: the recognizer.
/// - Throws: `CancellationError`, or a ``JournalError``; what has been done until then is in the journal.
package func evaluate(
  _ dataset: Dataset, as run: RunIdentity, normalization: Normalization?, journal: Journal,
  peakMemory: () -> Int?, progress: (RunProgress) -> Void,
  transcribe: (Utterance) async throws -> Recognition
) async throws -> RunResult {
  var scored: [ScoredUtterance] = []
  var failures: [DatasetProblem] = []
  var words = EditCounts()
  var (duration, seconds, resumed) = (0.0, 0.0, 0)
  for utterance in dataset.utterances {
    try Task.checkCancellation()
    do {
      let hypothesis: Recognition
      if let kept = journal.hypothesis(of: utterance, in: run) {
        hypothesis = kept
        resumed += 1
      } else {
        hypothesis = try await transcribe(utterance)
        try journal.keep(hypothesis, of: utterance, in: run)
      }
      let one = ScoredUtterance(
        utterance, hypothesis, normalization ?? customary(utterance.language ?? hypothesis.language))
      scored.append(one)
      words += one.score.words
      duration += hypothesis.duration
      seconds += hypothesis.seconds
    } catch let error where error is CancellationError || error is JournalError {
      throw error
    } catch {
      failures.append(
        DatasetProblem(
          .failedTranscription, place: utterance.id, id: utterance.id, detail: "\(error)"))
    }
    progress(
      RunProgress(
        done: scored.count + failures.count, total: dataset.utterances.count, resumed: resumed,
        words: words,
        duration: duration, seconds: seconds))
  }
  return RunResult(
    run, of: dataset, normalization: normalization, utterances: scored, failures: failures,
    peakMemory: resumed < scored.count ? peakMemory() : nil)
}

/// The normalization for a language, given as a code or a name.
private func customary(_ language: String?) -> Normalization {
  let code = language.flatMap { try? Language($0) }?.code
  return code.map { Normalization(language: $0) } ?? .basic
}
