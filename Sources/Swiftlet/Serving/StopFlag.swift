// How work on other threads is told to stop.

import Synchronization

/// Raised once, when nobody waits for the result any more. Whoever works asks every now and then.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  private let parent: StopFlag?

  /// - Parameter parent: if it is raised, this counts as raised, too.
  init(also parent: StopFlag? = nil) { self.parent = parent }

  /// The flag that stops all of it: that of a recording or a stream.
  var root: StopFlag { parent?.root ?? self }

  var isSet: Bool { flag.load(ordering: .relaxed) || parent?.isSet ?? false }

  func set() { flag.store(true, ordering: .relaxed) }

  /// - Throws: `CancellationError` if it is raised.
  func check() throws(CancellationError) {
    if isSet { throw CancellationError() }
  }
}
