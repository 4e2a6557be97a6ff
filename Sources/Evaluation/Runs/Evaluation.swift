// Runs a recognizer over a data set and scores what it says.

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
///   - peakMemory: asked at the end, for the largest memory of the process while this ran.
///   - progress: told after every utterance.
///   - transcribe: the recognizer.
/// - Throws: `CancellationError`, or a ``JournalError``; what has been done until then is in the journal.
package func evaluate(
  _ dataset: Dataset, as run: RunIdentity, normalizer: NormalizerChoice, journal: Journal,
  peakMemory: () -> Int?, progress: (RunProgress) -> Void,
  transcribe: (Utterance) async throws -> Hypothesis
) async throws -> RunResult {
  var scored: [ScoredUtterance] = []
  var failures: [DatasetProblem] = []
  var words = EditCounts()
  var (duration, seconds, resumed) = (0.0, 0.0, 0)
  for utterance in dataset.utterances {
    try Task.checkCancellation()
    do {
      let hypothesis: Hypothesis
      if let kept = journal.hypothesis(of: utterance, in: run) {
        hypothesis = kept
        resumed += 1
      } else {
        hypothesis = try await transcribe(utterance)
        try journal.keep(hypothesis, of: utterance, in: run)
      }
      let language = utterance.language ?? hypothesis.language
      let score = ScoredUtterance(utterance, hypothesis) { normalizer.normalize($0, language: language) }
      scored.append(score)
      words += score.words
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
    run, of: dataset, normalizer: normalizer, utterances: scored, failures: failures,
    peakMemory: peakMemory())
}
