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

  var notices: [String] { latest.withLock { $0?.notices ?? [] } }

  /// Whether the last window that was transcribed ends where the recording does, as far as its length is known.
  var reachedEnd: Bool {
    latest.withLock {
      guard let progress = $0, let duration = progress.duration else { return false }
      return progress.position >= duration - max(0.5, duration * 0.01)
    }
  }

  /// - Parameter place: which of several recordings this is: `3 of 12`.
  func show(_ place: String? = nil) {
    guard let progress = latest.withLock({ $0 }) else { return }
    let timings = progress.timings
    let speed = timings.duration / max(timings.audio + timings.encoder + timings.decoder, 1e-9)
    let total = progress.duration.map { " of \(clock($0))" } ?? ""
    StandardError.progress(
      (place.map { "\($0): " } ?? "")
        + "\(clock(progress.position))\(total), \(String(format: "%.1f", speed)) x real time")
  }
}

/// Hours, minutes and seconds.
func clock(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded())
  return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
}
