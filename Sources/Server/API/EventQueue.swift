// Events from one task to another.

#if Server
/// An unbounded queue: one task sends until it finishes, another takes.
struct EventQueue<Event: Sendable>: Sendable {
  let events: AsyncStream<Event>
  private let continuation: AsyncStream<Event>.Continuation

  init() { (events, continuation) = AsyncStream.makeStream() }

  func send(_ event: Event) { continuation.yield(event) }
  func finish() { continuation.finish() }
}
#endif
