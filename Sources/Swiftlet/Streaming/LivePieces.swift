// Pieces of live sound, from a task that brings them to a thread that waits for them.

import SwiftletAudio

/// Takes pieces from an asynchronous sequence and keeps them until a thread asks for them. When this is released, the sequence's
/// iterator is, too.
final class LivePieces: Sendable {
  private let pieces: Handover<[[Float]]>

  /// - Parameter capacity: samples of a channel past which the sequence has to wait.
  init<Sound: AsyncSequence & Sendable>(of sound: Sound, capacity: Int) where Sound.Element == [[Float]] {
    pieces = Handover(capacity: capacity, weight: { $0.first?.count ?? 0 })
    // A thread waits for it, which has no priority of its own to hand on.
    pieces.feed(from: sound, priority: .userInitiated)
  }

  deinit { pieces.close() }

  /// Gives the next piece, once there is one; nil at the end. The sound is let go with what is returned.
  ///
  /// It throws `cancelled`, and `failed` with what ended the sound early, or `passedOn` where that is an error of the library.
  func reader(
    name: String, isCancelled: @escaping () -> Bool
  ) -> () throws(AudioError) -> [[Float]]? {
    { () throws(AudioError) in
      do {
        return try self.pieces.next(blockingUnless: isCancelled)
      } catch let error as SwiftletError where !isCancelled() {
        throw .passedOn(code: error.code.rawValue, message: error.message)
      } catch {
        throw isCancelled() ? .cancelled(file: name) : .failed(file: name, reason: "\(error)")
      }
    }
  }
}
