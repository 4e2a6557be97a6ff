// The outcome of a run: scores of each utterance, and of all.

/// An utterance, what a recognizer made of it, and how much of that is right.
package struct ScoredUtterance: Sendable {
  package let utterance: Utterance
  package let hypothesis: Recognition
  package let score: UtteranceScore

  init(_ utterance: Utterance, _ hypothesis: Recognition, _ normalization: Normalization) {
    self.utterance = utterance
    self.hypothesis = hypothesis
    score = UtteranceScore(
      reference: utterance.text, hypothesis: hypothesis.text, normalizer: normalization.normalizer)
  }
}

/// A finished run.
package struct RunResult: Sendable {
  package let run: RunIdentity
  /// The data set's name, and the part of LibriSpeech that it is.
  package let dataset: String
  package let split: LibriSpeechSplit?
  /// What all texts went through; nil for what is customary for their language.
  package let normalization: Normalization?
  package let utterances: [ScoredUtterance]
  /// Utterances that the recognizer could not read or refused.
  package let failures: [DatasetProblem]
  /// Of the process while this ran, in bytes; nil where it can't be told.
  package let peakMemory: Int?
  package let words: EditCounts
  package let unmatched: UnmatchedWords
  package let characters: EditCounts
  /// 95 % confidence interval of the word error rate.
  package let interval: ClosedRange<Double>?
  /// Seconds of sound, and seconds it took.
  package let duration: Double
  package let seconds: Double

  init(
    _ run: RunIdentity, of dataset: Dataset, normalization: Normalization?, utterances: [ScoredUtterance],
    failures: [DatasetProblem], peakMemory: Int?
  ) {
    self.run = run
    self.dataset = dataset.name
    split = dataset.split
    self.normalization = normalization
    self.utterances = utterances
    self.failures = failures
    self.peakMemory = peakMemory
    words = utterances.reduce(EditCounts()) { $0 + $1.score.words }
    unmatched = utterances.reduce(UnmatchedWords()) { $0 + $1.score.unmatched }
    characters = utterances.reduce(EditCounts()) { $0 + $1.score.characters }
    interval = bootstrapInterval(of: utterances.map(\.score.words))
    duration = utterances.reduce(0) { $0 + $1.hypothesis.duration }
    seconds = utterances.reduce(0) { $0 + $1.hypothesis.seconds }
  }

  /// Seconds of sound in a second; nil if there was nothing to measure.
  package var speed: Double? { seconds > 0 ? duration / seconds : nil }

  /// The published word error rate of this model on this data set.
  package var publishedRate: Double? {
    split == .testClean ? run.publishedModel.flatMap { publishedTestCleanRates[$0] } : nil
  }

  /// The utterances with most errors first; those that are all right are left out.
  package func worst(_ count: Int) -> [ScoredUtterance] {
    let wrong = utterances.filter { $0.score.words.errors > 0 }
    return Array(
      wrong.sorted { ($0.score.words.errors, $0.rank) > ($1.score.words.errors, $1.rank) }.prefix(count))
  }

  /// The utterances that took longest.
  package func slowest(_ count: Int) -> [ScoredUtterance] {
    Array(utterances.sorted { $0.hypothesis.seconds > $1.hypothesis.seconds }.prefix(count))
  }
}

extension ScoredUtterance {
  /// The error rate, where insertions into nothing are worse than anything.
  fileprivate var rank: Double { score.words.rate ?? .infinity }
}

/// Word error rates on LibriSpeech test-clean as the model cards of openai/whisper-tiny.en, -base.en, -small.en and
/// -medium.en on the Hugging Face hub give them.
private let publishedTestCleanRates = [
  "tiny.en": 0.0566, "base.en": 0.0427, "small.en": 0.0305, "medium.en": 0.0302,
]
