// Remembers what a pull reports.

import Foundation
import Swiftlet
import Synchronization

/// The steps of a pull, in order.
final class ProgressRecord: Sendable {
  private let recorded = Mutex<[ModelStore.Progress]>([])

  var steps: [ModelStore.Progress] { recorded.withLock { $0 } }

  var handler: ModelStore.Progress.Handler {
    { [self] step in recorded.withLock { $0.append(step) } }
  }

  /// Bytes reported as arrived, in order.
  var bytes: [Int64] {
    steps.compactMap {
      if case .downloading(_, _, let done, _) = $0 { done } else { nil }
    }
  }
}
