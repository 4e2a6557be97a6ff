// A thread of C's that waits for a task of Swift's.

import Foundation

/// What a task tells the thread that waits for it.
final class Messages<Message: Sendable, Value: Sendable>: @unchecked Sendable {
  /// Guards all that follows.
  private let condition = NSCondition()
  private var message: Message?
  /// The task that put `message`, until it has been taken.
  private var sender: CheckedContinuation<Void, Never>?
  /// What may be replaced by something newer before it is taken.
  private var news: Message?
  private var result: Result<Value, any Error>?

  /// Puts a message, and waits until it has been taken. For one task at a time.
  func send(_ message: Message) async {
    await withCheckedContinuation { continuation in
      condition.withLock {
        self.message = message
        sender = continuation
        condition.signal()
      }
    }
  }

  /// Puts news, which replaces older news; from any thread.
  func post(_ news: Message) {
    condition.withLock {
      self.news = news
      condition.signal()
    }
  }

  /// Ends it; later messages have nobody to take them.
  func finish(_ result: Result<Value, any Error>) {
    condition.withLock {
      self.result = result
      condition.signal()
    }
  }

  /// What there is to take; blocks until there is something. The result comes last.
  fileprivate func next() -> Next {
    condition.withLock {
      while news == nil, message == nil, result == nil { condition.wait() }
      if let news {
        self.news = nil
        return .message(news, nil)
      }
      if let message {
        self.message = nil
        return .message(message, sender.take())
      }
      return result.map { .result($0) } ?? .result(.failure(CancellationError()))
    }
  }

  fileprivate enum Next {
    case message(Message, CheckedContinuation<Void, Never>?)
    case result(Result<Value, any Error>)
  }
}

/// Runs `work` in a task, and blocks until it is done.
///
/// - Parameters:
///   - cancellation: cancels the task.
///   - work: what the task does; it gets what it can tell this thread by.
///   - receive: takes the messages, on this thread; false cancels the task, and nothing more is taken then.
/// - Throws: what `work` does; `CancellationError` if `receive` said so.
func waiting<Message: Sendable, Value: Sendable>(
  _ cancellation: Cancellation?,
  for work: @escaping @Sendable (Messages<Message, Value>) async throws -> Value,
  receive: (Message) -> Bool
) throws -> Value {
  if cancellation?.isCancelled == true { throw CancellationError() }
  let messages = Messages<Message, Value>()
  let task = Task.detached(priority: .userInitiated) {
    do {
      messages.finish(.success(try await work(messages)))
    } catch {
      messages.finish(.failure(error))
    }
  }
  let number = cancellation?.add { task.cancel() }
  defer { if let number { cancellation?.remove(number) } }
  var isStopped = false
  while true {
    switch messages.next() {
    case .message(let message, let sender):
      if !isStopped, !receive(message) {
        isStopped = true
        task.cancel()
      }
      sender?.resume()
    case .result(let result):
      if isStopped { throw CancellationError() }
      return try result.get()
    }
  }
}

/// The same for work that has nothing to tell.
func waiting<Value: Sendable>(
  _ cancellation: Cancellation?, for work: @escaping @Sendable () async throws -> Value
) throws -> Value {
  try waiting(cancellation, for: { (_: Messages<Bool, Value>) in try await work() }, receive: { $0 })
}
