// How far an evaluation is, for the person who waits for it.

import Foundation
import SwiftletEvaluation

/// One line that is rewritten on a terminal; elsewhere, in a log, a line now and then.
final class EvaluationProgress {
  private let name: String
  private let total: Int
  private var last: RunProgress?
  private var shown = ContinuousClock.now
  private static let interval = Duration.seconds(30)

  init(of run: RunIdentity, on dataset: Dataset) {
    name = "\(run.model) \(run.precision), \(dataset.name)"
    total = dataset.utterances.count
  }

  func show(_ progress: RunProgress) {
    let isFirstNew = progress.resumed > 0 && progress.done == progress.resumed + 1
    last = progress
    if isFirstNew {
      StandardError.message("\(name): \(progress.resumed) of \(total) were done before; resuming.")
    }
    StandardError.progress(text(progress))
    if !StandardError.isTerminal, ContinuousClock.now - shown >= Self.interval {
      StandardError.message(text(progress))
      shown = .now
    }
  }

  /// Says what the work was good for.
  func interrupted(journal: URL) {
    let state = last.map(text) ?? "\(name): 0 of \(total)"
    StandardError.message(
      "\(state). Results so far are in \(journal.path); run the same command to resume.")
  }

  private func text(_ progress: RunProgress) -> String {
    let rate = progress.words.rate.map { "\(percent($0)) %" } ?? "n/a"
    let times = progress.duration / max(progress.seconds, 1e-9)
    return "\(name): \(progress.done) of \(total), WER \(rate), \(speed(times)) x real time"
  }
}
