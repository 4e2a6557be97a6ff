// Remembers what a pull reports.

import Foundation
import Swiftlet
import Synchronization

/// The steps of a pull, in order.
final class ProgressRecord: Sendable {
  private let recorded = Mutex<[PullProgress]>([])

  var steps: [PullProgress] { recorded.withLock { $0 } }

  var handler: PullProgress.Handler {
    { [self] step in recorded.withLock { $0.append(step) } }
  }

  /// Bytes reported as arrived, in order.
  var bytes: [Int64] {
    steps.compactMap {
      if case .downloading(_, _, let done, _) = $0 { done } else { nil }
    }
  }
}
