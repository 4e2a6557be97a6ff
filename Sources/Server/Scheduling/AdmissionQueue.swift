// Who is transcribed next.

#if Server
import Foundation

/// Lets a bounded number of recordings be transcribed at once, and gives each client its share.
///
/// Whoever waits for an answer goes before jobs; of the clients, the one with the fewest recordings at work goes first. What may
/// wait is bounded in seconds of sound.
actor AdmissionQueue {
  /// A recording's right to be transcribed, until it is given back.
  struct Place: Sendable {
    fileprivate let client: String
    fileprivate let isBulk: Bool
    fileprivate let seconds: Double
    fileprivate let begin: ContinuousClock.Instant
  }

  private struct Waiting {
    var number: Int
    var client: String
    var isBulk: Bool
    var seconds: Double
    var continuation: CheckedContinuation<Place, any Error>
  }

  private let places: Int
  private let limit: Double
  private var waiting: [Waiting] = []
  private var running: [String: Int] = [:]
  private var runningCount = 0
  private var runningBulk = 0
  private var numbers = 0
  /// Seconds of sound a second, of late, over all that run at once.
  private var speed = 10.0

  /// - Parameters:
  ///   - places: recordings at once.
  ///   - limit: seconds of sound that may wait.
  init(places: Int, limit: Double) {
    self.places = places
    self.limit = limit
  }

  /// Seconds of sound that wait.
  var queuedSeconds: Double { waiting.reduce(0) { $0 + $1.seconds } }
  var queuedCount: Int { waiting.count }
  var activeCount: Int { runningCount }

  /// Waits for a place.
  ///
  /// - Parameters:
  ///   - client: who asks.
  ///   - seconds: of sound.
  ///   - isBulk: whether nobody waits for the answer; these are never refused, as they are kept elsewhere.
  /// - Throws: ``APIError`` with status 429 if too much waits; `CancellationError` if the task is cancelled.
  func enter(client: String, seconds: Double, isBulk: Bool = false) async throws -> Place {
    // Jobs wait on the disk, and go behind whoever comes.
    let before = waiting.filter { !$0.isBulk }
    let queued = before.reduce(0) { $0 + $1.seconds }
    if !isBulk, runningCount >= places, !before.isEmpty, queued + seconds > limit {
      throw APIError(
        status: .tooManyRequests,
        message: "\(Int(queued)) seconds of audio are waiting already; try again later.",
        type: "rate_limit_error", code: "queue_full",
        retryAfter: Int(min(3_600, max(1, (queued / speed / 2).rounded(.up)))))
    }
    numbers += 1
    let number = numbers
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
        waiting.append(
          Waiting(
            number: number, client: client, isBulk: isBulk, seconds: seconds, continuation: continuation))
        grant()
      }
    } onCancel: {
      Task { await self.leave(number) }
    }
  }

  /// Gives a place back.
  func exit(_ place: Place, completed: Bool) {
    runningCount -= 1
    if place.isBulk { runningBulk -= 1 }
    running[place.client, default: 1] -= 1
    if running[place.client] == 0 { running[place.client] = nil }
    let elapsed = (ContinuousClock.now - place.begin) / .seconds(1)
    // A recording whose length was not known beforehand says nothing of the speed.
    if completed, elapsed > 0, place.seconds > 0 {
      speed += 0.1 * (place.seconds / elapsed * Double(max(1, runningCount + 1)) - speed)
    }
    grant()
  }

  private func leave(_ number: Int) {
    guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
    waiting.remove(at: index).continuation.resume(throwing: CancellationError())
  }

  private func grant() {
    while runningCount < places {
      // Jobs leave a place for whoever comes and waits.
      let bulkPlaces = max(1, places - 1)
      let candidates = waiting.indices.filter { !waiting[$0].isBulk || runningBulk < bulkPlaces }
      guard let next = candidates.min(by: { rank(waiting[$0]) < rank(waiting[$1]) }) else { return }
      let granted = waiting.remove(at: next)
      runningCount += 1
      if granted.isBulk { runningBulk += 1 }
      running[granted.client, default: 0] += 1
      granted.continuation.resume(
        returning: Place(
          client: granted.client, isBulk: granted.isBulk, seconds: granted.seconds, begin: .now))
    }
  }

  private func rank(_ waiting: Waiting) -> (Int, Int, Int) {
    (waiting.isBulk ? 1 : 0, running[waiting.client] ?? 0, waiting.number)
  }
}
#endif
