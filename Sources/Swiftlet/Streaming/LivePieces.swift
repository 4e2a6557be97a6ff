// Pieces of live sound, from a task that brings them to a thread that waits for them.

import Foundation
import SwiftletAudio

/// Takes pieces from an asynchronous sequence and keeps them until a thread asks for them. When this is released, the sequence's
/// iterator is, too.
final class LivePieces: Sendable {
  private let queue: PieceQueue
  private let feeder: Task<Void, Never>

  /// - Parameter capacity: samples past which the sequence has to wait.
  init<Sound: AsyncSequence & Sendable>(of sound: Sound, capacity: Int) where Sound.Element == [Float] {
    let queue = PieceQueue(capacity: capacity)
    self.queue = queue
    // A thread waits for it, which has no priority of its own to hand on.
    feeder = Task(priority: .userInitiated) {
      do {
        for try await piece in sound {
          guard await queue.put(piece) else { return }
        }
        queue.end(nil)
      } catch {
        queue.end(error)
      }
    }
  }

  deinit {
    queue.close()
    feeder.cancel()
  }

  /// Gives the next piece, once there is one; nil at the end. The sound is let go with what is returned.
  func reader(
    name: String, isCancelled: @escaping () -> Bool
  ) -> () throws(AudioError) -> [Float]? {
    { () throws(AudioError) in try self.next(name: name, isCancelled: isCancelled) }
  }

  /// - Throws: `cancelled`; `failed` with what ended the sound early.
  private func next(name: String, isCancelled: () -> Bool) throws(AudioError) -> [Float]? {
    while true {
      if isCancelled() { throw .cancelled(file: name) }
      switch queue.take(within: 0.1) {
      case .piece(let piece): return piece
      case .nothingYet: continue
      case .end(nil): return nil
      case .end(let failure?): throw .failed(file: name, reason: "\(failure)")
      }
    }
  }
}

/// Holds pieces between a task, which must not block, and a thread, which may.
private final class PieceQueue: @unchecked Sendable {
  enum Taken {
    case piece([Float])
    case nothingYet
    case end((any Error)?)
  }

  private let condition = NSCondition()
  private let capacity: Int
  private var pieces: [[Float]] = []
  private var samples = 0
  private var end: Taken?
  private var isClosed = false
  private var writer: CheckedContinuation<Void, Never>?

  init(capacity: Int) { self.capacity = capacity }

  /// Adds a piece; waits until there is room for more.
  ///
  /// - Returns: whether anybody will take more.
  func put(_ piece: [Float]) async -> Bool {
    await withCheckedContinuation { continuation in
      let isFull = condition.withLock {
        if !isClosed {
          pieces.append(piece)
          samples += piece.count
          condition.signal()
        }
        let isFull = samples >= capacity && !isClosed
        if isFull { writer = continuation }
        return isFull
      }
      if !isFull { continuation.resume() }
    }
    return condition.withLock { !isClosed }
  }

  func end(_ failure: (any Error)?) {
    condition.withLock {
      end = .end(failure)
      condition.signal()
    }
  }

  /// Nothing more will be taken, and nobody waits.
  func close() {
    let waiting = condition.withLock {
      isClosed = true
      pieces = []
      return writer.take()
    }
    waiting?.resume()
  }

  /// The next piece, if there is one before so many seconds have passed.
  func take(within seconds: Double) -> Taken {
    let (taken, waiting): (Taken, CheckedContinuation<Void, Never>?) = condition.withLock {
      let limit = Date(timeIntervalSinceNow: seconds)
      while pieces.isEmpty, end == nil {
        guard condition.wait(until: limit) else { return (.nothingYet, nil) }
      }
      guard !pieces.isEmpty else { return (end ?? .nothingYet, nil) }
      let piece = pieces.removeFirst()
      samples -= piece.count
      return (.piece(piece), samples < capacity ? writer.take() : nil)
    }
    waiting?.resume()
    return taken
  }
}
