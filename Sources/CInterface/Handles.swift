// What the handles of the C interface stand for.

import Synchronization

/// Objects by the handles that C has of them.
///
/// A handle is a number that is never given twice, not an address: one that was freed, or that is of another kind, is found out
/// instead of being followed to wherever it leads.
final class Handles: Sendable {
  static let shared = Handles()

  private struct State {
    // No address of a 64-bit system, so that a program that follows one stops there and then.
    var next = UInt(truncatingIfNeeded: 0x5346_5754_0000_0010 as UInt64)
    var objects: [UInt: any AnyObject & Sendable] = [:]
  }

  private let state = Mutex(State())

  /// Gives a new handle to an object.
  func add(_ object: any AnyObject & Sendable) -> OpaquePointer? {
    let number = state.withLock { state in
      defer { state.next &+= 16 }
      state.objects[state.next] = object
      return state.next
    }
    return OpaquePointer(bitPattern: number)
  }

  /// The object of a handle.
  ///
  /// - Parameter what: stands for it in the message.
  /// - Throws: ``Misuse`` for NULL, and for a handle that was freed or is of another kind.
  func object<Object: AnyObject & Sendable>(
    _ handle: OpaquePointer?, _ what: String, as type: Object.Type = Object.self
  ) throws(Misuse) -> Object {
    guard let handle else { throw Misuse("The \(what) is NULL.") }
    let number = UInt(bitPattern: handle)
    guard let object = state.withLock({ $0.objects[number] }) as? Object else {
      throw Misuse("There is no such \(what); it was freed, or is a handle of another kind.")
    }
    return object
  }

  /// Forgets a handle; nil if it is none of an object of this type.
  @discardableResult
  func remove<Object: AnyObject & Sendable>(
    _ handle: OpaquePointer?, as type: Object.Type = Object.self
  ) -> Object? {
    let number = UInt(bitPattern: handle)
    // The object goes, if it does, when the lock is free again.
    let removed = state.withLock { state -> (any AnyObject & Sendable)? in
      guard let object = state.objects[number], object is Object else { return nil }
      state.objects[number] = nil
      return object
    }
    return removed as? Object
  }
}
