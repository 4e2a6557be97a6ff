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
    guard failure == 0 else {
      throw SwiftletError(
        .decoderUnavailable, "Audio can't be received now: \(String(cString: strerror(failure))).")
    }
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
        await Self.waitForRoom(socket)
      } else {
        return false
      }
    }
    return true
  }

  /// Nothing comes any more.
  func finish() { writer.withLock { $0 = nil } }

  private static func waitForRoom(_ socket: Descriptor) async {
    let waiting = Mutex<(watch: Watch?, isOver: Bool)>((nil, false))
    @Sendable func end() {
      let watch = waiting.withLock { state in
        state.isOver = true
        return state.watch
      }
      watch?.cancel()
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let watch = Watch.writing(socket.number, event: { _ in end() }) {
          withExtendedLifetime(socket) { continuation.resume() }
        }
        let isOver = waiting.withLock { state in
          state.watch = watch
          return state.isOver
        }
        if isOver { watch.cancel() }
      }
    } onCancel: {
      end()
    }
  }
}
#endif
