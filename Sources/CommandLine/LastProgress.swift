// What was last heard of a running transcription.

import Foundation
import Swiftlet
import Synchronization

/// Keeps the latest progress, and shows it to a person.
final class LastProgress: Sendable {
  private let latest = Mutex<TranscriptionProgress?>(nil)

  var update: @Sendable (TranscriptionProgress) -> Void {
    { progress in self.latest.withLock { $0 = progress } }
  }

  var timings: Timings? { latest.withLock { $0?.timings } }

  func show() {
    guard let progress = latest.withLock({ $0 }) else { return }
    let timings = progress.timings
    let speed = timings.duration / max(timings.audio + timings.encoder + timings.decoder, 1e-9)
    let total = progress.duration.map { " of \(clock($0))" } ?? ""
    StandardError.progress(
      "\(clock(progress.position))\(total), \(String(format: "%.1f", speed)) x real time")
  }

  private func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
  }
}
