// What was last heard of a running transcription.

import Foundation
import Swiftlet
import SwiftletEvaluation
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
    let rate = timings.duration / max(timings.audio + timings.encoder + timings.decoder, 1e-9)
    let total = progress.duration.map { " of \(clock($0))" } ?? ""
    StandardError.progress(
      (place.map { "\($0): " } ?? "")
        + "\(clock(progress.position))\(total), \(speed(rate)) x real time")
  }
}
