// Elements on their way from whoever makes them to whoever wants them.

import Foundation

/// A bounded queue between two: one puts, a thread or a task, and one takes, a thread or a task. Threads block, tasks are
/// suspended.
final class Handover<Element: Sendable>: @unchecked Sendable {
  /// Raised when nobody takes elements any more.
  let stop = StopFlag()
  private let condition = NSCondition()
  private let capacity: Int
  private let weight: @Sendable (Element) -> Int
  private var elements: [Element] = []
  /// The weight of `elements`.
  private var held = 0
  private var isUsed = false
  private var isClosed = false
  private var result: Result<Void, any Error>?
  private var reader: CheckedContinuation<Void, Never>?
  private var writer: CheckedContinuation<Void, Never>?
  private var closing: (@Sendable () -> Void)?

  /// - Parameters:
  ///   - capacity: the weight of what is held from which on whoever puts must wait.
  ///   - weight: of an element.
  init(capacity: Int, weight: @escaping @Sendable (Element) -> Int = { _ in 1 }) {
    self.capacity = capacity
    self.weight = weight
  }

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

  // MARK: Putting

  /// Adds an element, once there is room or nobody wants it any more; blocks until then.
  ///
  /// - Returns: whether anybody takes elements.
  @discardableResult
  func put(blocking element: Element) -> Bool {
    let (isOpen, waiting) = condition.withLock {
      while held >= capacity, !isClosed { condition.wait() }
      add(element)
      return (!isClosed, reader.take())
    }
    waiting?.resume()
    return isOpen
  }

  /// Adds an element, and waits until there is room for more or nobody wants any.
  ///
  /// - Returns: whether anybody takes elements.
  @discardableResult
  func put(_ element: Element) async -> Bool {
    let waiting = condition.withLock {
      add(element)
      return reader.take()
    }
    waiting?.resume()
    await withCheckedContinuation { continuation in
      let mustWait = condition.withLock {
        let mustWait = held >= capacity && !isClosed
        if mustWait { writer = continuation }
        return mustWait
      }
      if !mustWait { continuation.resume() }
    }
    return condition.withLock { !isClosed }
  }

  /// Nothing more will be put.
  func finish(_ result: Result<Void, any Error>) {
    let waiting = condition.withLock {
      self.result = result
      closing = nil
      condition.broadcast()
      return reader.take()
    }
    waiting?.resume()
  }

  private func add(_ element: Element) {
    guard !isClosed else { return }
    elements.append(element)
    held += weight(element)
    condition.broadcast()
  }

  // MARK: Taking

  /// Nobody takes elements any more, and nobody waits.
  func close() {
    stop.set()
    let (reader, writer, closing) = condition.withLock {
      isClosed = true
      elements = []
      held = 0
      condition.broadcast()
      return (self.reader.take(), self.writer.take(), self.closing.take())
    }
    reader?.resume()
    writer?.resume()
    closing?()
  }

  /// What there is to take.
  private enum Taken {
    case element(Element, CheckedContinuation<Void, Never>?)
    case end
    case failure(any Error)
    case nothingYet
  }

  /// The next element, once there is one; nil at the end.
  ///
  /// - Throws: what the work ended with, once; `CancellationError` if this is closed.
  func next() async throws -> Element? {
    while true {
      if let next = try given(condition.withLock { take() }) { return next }
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

  /// The next element, once there is one; nil at the end. Blocks until then, and asks every now and then whether to go on.
  ///
  /// - Throws: as ``next()``; `CancellationError` if it is not to go on.
  func next(blockingUnless isCancelled: () -> Bool) throws -> Element? {
    while true {
      if isCancelled() { throw CancellationError() }
      let taken = condition.withLock {
        if elements.isEmpty, result == nil, !isClosed {
          _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1))
        }
        return take()
      }
      if let next = try given(taken) { return next }
    }
  }

  /// Whether ``next()`` has something to give, or to throw, without waiting.
  var isReady: Bool { condition.withLock { !elements.isEmpty || result != nil || isClosed } }

  /// What has been taken: nil where there is nothing yet.
  private func given(_ taken: Taken) throws -> Element?? {
    switch taken {
    case .element(let element, let writer):
      writer?.resume()
      return element
    case .end: return .some(nil)
    case .failure(let error): throw error
    case .nothingYet: return nil
    }
  }

  private func take() -> Taken {
    if isClosed { return .failure(CancellationError()) }
    if !elements.isEmpty {
      let element = elements.removeFirst()
      held -= weight(element)
      condition.broadcast()
      return .element(element, held < capacity ? writer.take() : nil)
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

extension Handover {
  /// Puts the elements of a sequence, in a task that ends with it, or when nobody takes them any more.
  func feed<Source: AsyncSequence & Sendable>(
    from source: Source, priority: TaskPriority? = nil
  ) where Source.Element == Element {
    let task = Task(priority: priority) {
      do {
        for try await element in source {
          guard await put(element) else { return }
        }
        finish(.success(()))
      } catch {
        finish(.failure(error))
      }
    }
    whenClosed { task.cancel() }
  }
}
