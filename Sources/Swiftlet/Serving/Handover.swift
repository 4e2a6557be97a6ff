// Elements on their way from whoever makes them to the task that wants them.

import Foundation

/// A bounded queue that a thread or a task fills and one task empties.
final class Handover<Element: Sendable>: @unchecked Sendable {
  /// Raised when nobody takes elements any more.
  let stop = StopFlag()
  private let condition = NSCondition()
  private let capacity: Int
  private var elements: [Element] = []
  private var isUsed = false
  private var isClosed = false
  private var result: Result<Void, any Error>?
  private var reader: CheckedContinuation<Void, Never>?
  private var writer: CheckedContinuation<Void, Never>?
  private var closing: (@Sendable () -> Void)?

  init(capacity: Int) { self.capacity = capacity }

  /// Whether this is called for the first time.
  func isFirstUse() -> Bool {
    condition.withLock {
      defer { isUsed = true }
      return !isUsed
    }
  }

  /// Calls `body` when nobody takes elements any more.
  func whenClosed(_ body: @escaping @Sendable () -> Void) {
    let isLate = condition.withLock {
      if !isClosed { closing = body }
      return isClosed
    }
    if isLate { body() }
  }

  /// Adds an element, once there is room or nobody wants it any more; blocks until then.
  func put(blocking element: Element) {
    let waiting = condition.withLock {
      while elements.count >= capacity, !isClosed { condition.wait() }
      if !isClosed { elements.append(element) }
      return reader.take()
    }
    waiting?.resume()
  }

  /// Adds an element, and waits until there is room for more or nobody wants any.
  func put(_ element: Element) async {
    let waiting = condition.withLock {
      if !isClosed { elements.append(element) }
      return reader.take()
    }
    waiting?.resume()
    await withCheckedContinuation { continuation in
      let mustWait = condition.withLock {
        let mustWait = elements.count >= capacity && !isClosed
        if mustWait { writer = continuation }
        return mustWait
      }
      if !mustWait { continuation.resume() }
    }
  }

  /// Nothing more will be put.
  func finish(_ result: Result<Void, any Error>) {
    let waiting = condition.withLock {
      self.result = result
      closing = nil
      return reader.take()
    }
    waiting?.resume()
  }

  /// Nobody takes elements any more, and nobody waits.
  func close() {
    stop.set()
    let (reader, writer, closing) = condition.withLock {
      isClosed = true
      elements = []
      condition.broadcast()
      return (self.reader.take(), self.writer.take(), self.closing.take())
    }
    reader?.resume()
    writer?.resume()
    closing?()
  }

  private enum Taken {
    case element(Element, CheckedContinuation<Void, Never>?)
    case end
    case failure(any Error)
    case nothingYet
  }

  /// The next element; nil at the end.
  ///
  /// - Throws: what the work ended with, once; `CancellationError` if this is closed.
  func next() async throws -> Element? {
    while true {
      switch condition.withLock({ take() }) {
      case .element(let element, let writer):
        writer?.resume()
        return element
      case .end: return nil
      case .failure(let error): throw error
      case .nothingYet: break
      }
      await withCheckedContinuation { continuation in
        let mustWait = condition.withLock {
          let mustWait = elements.isEmpty && result == nil && !isClosed
          if mustWait { reader = continuation }
          return mustWait
        }
        if !mustWait { continuation.resume() }
      }
    }
  }

  private func take() -> Taken {
    if isClosed { return .failure(CancellationError()) }
    if !elements.isEmpty {
      condition.signal()
      return .element(elements.removeFirst(), writer.take())
    }
    switch result {
    case nil: return .nothingYet
    case .success: return .end
    case .failure(let error):
      result = .success(())
      return .failure(error)
    }
  }
}
