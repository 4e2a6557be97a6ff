// What one thread makes and another takes, in order.

import Foundation

/// A queue between two threads that may block: whoever puts waits while it is full, whoever takes while it is empty.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  private var elements: [Element] = []
  private var isEnded = false
  private var isClosed = false

  init(capacity: Int) { self.capacity = capacity }

  /// Adds an element once there is room.
  ///
  /// - Returns: false if nobody takes any more.
  func put(_ element: Element) -> Bool {
    condition.withLock {
      while elements.count >= capacity, !isClosed { condition.wait() }
      if !isClosed { elements.append(element) }
      condition.broadcast()
      return !isClosed
    }
  }

  /// The next element, once there is one; nil at the end.
  func take() -> Element? {
    condition.withLock {
      while elements.isEmpty, !isEnded, !isClosed { condition.wait() }
      condition.broadcast()
      return elements.isEmpty ? nil : elements.removeFirst()
    }
  }

  /// Nothing more will be put.
  func end() {
    condition.withLock {
      isEnded = true
      condition.broadcast()
    }
  }

  /// Nothing more will be taken.
  func close() {
    condition.withLock {
      isClosed = true
      elements = []
      condition.broadcast()
    }
  }
}
