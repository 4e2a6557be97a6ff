// Whether the server is about to end.

#if Server
import Synchronization

/// Set when the server has been asked to end: it finishes what it has, and takes nothing new.
final class ShutdownState: Sendable {
  private let flag = Atomic<Bool>(false)

  var hasBegun: Bool { flag.load(ordering: .relaxed) }

  func begin() { flag.store(true, ordering: .relaxed) }
}
#endif
