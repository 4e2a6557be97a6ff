// A container that comes while it is decoded.

#if Server
import CSandbox
import Foundation
import Swiftlet
import Synchronization

/// Bytes of a media file on their way to its decoder, from one writer. When this is released, they have ended.
final class MediaFeed: Sendable {
  private let writer: Mutex<Descriptor?>
  private let reader: Mutex<Descriptor?>

  init() throws {
    var ends: [Int32] = [-1, -1]
    let failure = swiftlet_socket_pair(&ends)
    guard failure == 0 else { throw SwiftletError.decoderUnavailable("The audio", failure) }
    writer = Mutex(Descriptor(ends[0]))
    reader = Mutex(Descriptor(ends[1]))
  }

  /// What the decoder reads; it can be had once.
  func takeReader() throws -> Descriptor {
    guard let taken = reader.withLock({ $0.take() }) else {
      throw SwiftletError(.other, "A feed can be decoded once.")
    }
    return taken
  }

  /// Adds bytes, and waits until the decoder has room for them.
  ///
  /// - Returns: whether the decoder still reads.
  /// - Throws: `CancellationError`.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>) async throws -> Bool {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      try Task.checkCancellation()
      guard let socket = writer.withLock({ $0 }) else { return false }
      let sent = rest.withUnsafeBytes { swiftlet_send_some(socket.number, $0.baseAddress, UInt64($0.count)) }
      if sent >= 0 {
        rest = rest.dropFirst(Int(sent))
      } else if sent == -Int64(EAGAIN) {
        try await Self.waitForRoom(socket)
      } else {
        return false
      }
    }
    return true
  }

  /// Nothing comes any more.
  func finish() { writer.withLock { $0 = nil } }

  private static func waitForRoom(_ socket: Descriptor) async throws {
    let (room, signal) = AsyncStream<Void>.makeStream()
    try DescriptorWatch.shared.whenWritable(socket) {
      signal.finish()
      return false
    }
    // Ends when the task is cancelled, too.
    for await _ in room {}
  }
}
#endif
