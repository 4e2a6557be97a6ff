// Waits for many sockets without a thread for each.

#if Server
import CSandbox
import Foundation
import Synchronization

/// One thread that waits for sockets.
///
/// Dispatch's sources would do, but on Linux one whose socket is hung up while it is cancelled may never call its handlers again
/// (libdispatch of Swift 6.3).
final class DescriptorWatch: Sendable {
  static let shared = DescriptorWatch()

  private struct Entry: Sendable {
    var descriptor: Descriptor
    var events: Int16
    var body: @Sendable () -> Bool
  }

  private struct State {
    var entries: [Int: Entry] = [:]
    var last = 0
    /// Ends of a socket that wakes the thread; nil until there is one.
    var alarm: (bell: Descriptor, ear: Descriptor)?
  }

  private let state = Mutex(State())

  /// Calls `body`, which must not block, whenever there is something to read, or nothing will ever be, until it returns false.
  ///
  /// - Throws: what the system refuses.
  func whenReadable(_ descriptor: Descriptor, _ body: @escaping @Sendable () -> Bool) throws(POSIXError) {
    try add(Entry(descriptor: descriptor, events: Int16(POLLIN), body: body))
  }

  /// Calls `body` whenever there is room, or nobody reads any more, until it returns false.
  func whenWritable(_ descriptor: Descriptor, _ body: @escaping @Sendable () -> Bool) throws(POSIXError) {
    try add(Entry(descriptor: descriptor, events: Int16(POLLOUT), body: body))
  }

  private func add(_ entry: Entry) throws(POSIXError) {
    let bell = try state.withLock { (state) throws(POSIXError) in
      if state.alarm == nil { state.alarm = try begin() }
      state.last += 1
      state.entries[state.last] = entry
      return state.alarm?.bell
    }
    if let bell { _ = swiftlet_send_some(bell.number, [1], 1) }
  }

  private func begin() throws(POSIXError) -> (bell: Descriptor, ear: Descriptor) {
    var ends: [Int32] = [-1, -1]
    let failure = swiftlet_socket_pair(&ends)
    guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EIO) }
    let ear = Descriptor(ends[1])
    Thread.detachNewThread {
      Thread.current.name = "swiftlet.media"
      while true { self.wait(ear) }
    }
    return (Descriptor(ends[0]), ear)
  }

  private func wait(_ ear: Descriptor) {
    let entries = Array(state.withLock { $0.entries })
    var descriptors = entries.map {
      pollfd(fd: $0.value.descriptor.number, events: $0.value.events, revents: 0)
    }
    descriptors.append(pollfd(fd: ear.number, events: Int16(POLLIN), revents: 0))
    guard poll(&descriptors, nfds_t(descriptors.count), -1) > 0 else { return }
    if descriptors[entries.count].revents != 0 {
      var bytes = [UInt8](repeating: 0, count: 64)
      _ = read(ear.number, &bytes, bytes.count)
    }
    for (index, entry) in entries.enumerated() where descriptors[index].revents != 0 {
      if !entry.value.body() { _ = state.withLock { $0.entries.removeValue(forKey: entry.key) } }
    }
  }
}
#endif
