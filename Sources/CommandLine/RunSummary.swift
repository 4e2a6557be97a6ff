// What became of the recordings of a run: counts at its end, and its exit code.

import ArgumentParser
import Swiftlet
import SwiftletEvaluation

/// Counts recordings as they end.
struct RunSummary {
  private let total: Int
  private let begin = ContinuousClock().now
  private var transcribed = 0
  private var skipped = 0
  /// Recordings that failed, in the order of the run.
  private var failed: [String] = []
  private var codes: [ExitCode] = []
  /// Seconds of sound.
  private var duration = 0.0

  init(of total: Int) {
    self.total = total
  }

  mutating func add(transcribed duration: Double) {
    transcribed += 1
    self.duration += duration
  }

  mutating func addSkipped() { skipped += 1 }

  /// - Parameter duration: seconds of sound that were transcribed before it failed.
  mutating func add(failed recording: String, _ code: ExitCode, transcribed duration: Double = 0) {
    failed.append(recording)
    codes.append(code)
    self.duration += duration
  }

  /// The code that the run ends with; nil if all went well.
  var exitCode: ExitCode? {
    if codes.contains(.outputFailed) { return .outputFailed }
    if let first = codes.first {
      return transcribed == 0 && codes.allSatisfy { $0 == first } ? first : .recordingFailed
    }
    return nil
  }

  /// Several lines; the names of what failed stand at the end, where they are found again after hours.
  var text: String {
    let seconds = (ContinuousClock().now - begin) / .seconds(1)
    let left = total - transcribed - skipped - failed.count
    let counts = [
      ("transcribed", transcribed), ("skipped", skipped), ("failed", failed.count), ("not transcribed", left),
    ].filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
    var text = "\(total) recordings: \(counts.joined(separator: ", "))."
    if duration > 0 {
      text += " \(length(duration)) of audio in \(length(seconds)), "
      text += "\(speed(duration / max(seconds, 1e-9))) x real time."
    }
    if !failed.isEmpty { text += "\nFailed:" + failed.map { "\n  \(LocalFile($0).displayedPath)" }.joined() }
    return text
  }
}
