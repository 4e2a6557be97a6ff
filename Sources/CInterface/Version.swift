// The library's version.

import CSwiftlet
import Foundation
import Swiftlet

private let version = UncheckedPointer(allocated(swiftletVersion))

/// Memory that is never written again.
private struct UncheckedPointer: @unchecked Sendable {
  let pointer: UnsafePointer<CChar>?

  init(_ pointer: UnsafeMutablePointer<CChar>?) { self.pointer = pointer.map { UnsafePointer($0) } }
}

@c @implementation
public func swiftlet_version() -> UnsafePointer<CChar>? { version.pointer }
