// What stops calls from other threads.

import CSwiftlet
import Swiftlet
import Synchronization

/// Raised once; whatever was added to it is then told.
final class Cancellation: Sendable {
  private struct State {
    var isCancelled = false
    var next = 0
    var actions: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock(\.isCancelled) }

  func cancel() {
    let actions = state.withLock { state in
      state.isCancelled = true
      defer { state.actions = [:] }
      return state.actions
    }
    for action in actions.values { action() }
  }

  /// Has `action` called when this is cancelled, at once if it is already.
  ///
  /// - Returns: what ``remove(_:)`` takes.
  func add(_ action: @escaping @Sendable () -> Void) -> Int {
    let number = state.withLock { state -> Int? in
      guard !state.isCancelled else { return nil }
      state.next += 1
      state.actions[state.next] = action
      return state.next
    }
    if number == nil { action() }
    return number ?? 0
  }

  func remove(_ number: Int) { state.withLock { $0.actions[number] = nil } }

  /// The object of a handle; nil for NULL.
  static func optional(_ handle: OpaquePointer?) throws(Misuse) -> Cancellation? {
    handle == nil ? nil : try Handles.shared.object(handle, "cancellation")
  }
}

@c @implementation
public func swiftlet_cancellation_create() -> OpaquePointer? { Handles.shared.add(Cancellation()) }

@c @implementation
public func swiftlet_cancel(_ cancellation: OpaquePointer?) {
  (try? Handles.shared.object(cancellation, "cancellation", as: Cancellation.self))?.cancel()
}

@c @implementation
public func swiftlet_is_cancelled(_ cancellation: OpaquePointer?) -> CInt {
  (try? Handles.shared.object(cancellation, "cancellation", as: Cancellation.self))?.isCancelled == true
    ? 1 : 0
}

@c @implementation
public func swiftlet_cancellation_free(_ cancellation: OpaquePointer?) {
  Handles.shared.remove(cancellation, as: Cancellation.self)
}
