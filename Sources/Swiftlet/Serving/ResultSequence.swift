// Results that are made elsewhere, as an asynchronous sequence.

/// A sequence whose elements are made by work that begins with the first call of `next`.
///
/// The work waits when it is 64 elements ahead. It is stopped when the iterator is released or the task that waits for an element
/// is cancelled; `next` then throws `CancellationError`.
struct ResultSequence<Element: Sendable>: AsyncSequence, Sendable {
  /// Begins the work, elsewhere: it puts elements into the handover until it finishes it.
  let begin: @Sendable (Handover<Element>) -> Void

  func makeAsyncIterator() -> Iterator { Iterator(run: Run(begin)) }

  struct Iterator: AsyncIteratorProtocol {
    fileprivate let run: Run

    mutating func next() async throws -> Element? { try await run.next() }

    mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
      try await run.next()
    }
  }

  /// The work of one iterator, which owns it.
  fileprivate final class Run: Sendable {
    private let handover = Handover<Element>(capacity: 64)
    private let begin: @Sendable (Handover<Element>) -> Void

    init(_ begin: @escaping @Sendable (Handover<Element>) -> Void) { self.begin = begin }

    deinit { handover.close() }

    func next() async throws -> Element? {
      try Task.checkCancellation()
      if handover.isFirstUse() { begin(handover) }
      return try await withTaskCancellationHandler {
        try await handover.next()
      } onCancel: {
        handover.close()
      }
    }
  }
}
