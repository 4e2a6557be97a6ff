// Who is transcribed next.

#if Server
import Foundation
import Synchronization
import Testing

@testable import SwiftletServer

@Suite struct SchedulingTests {
  /// The order in which callers get their places.
  private final class Order: Sendable {
    private let names = Mutex<[String]>([])
    func add(_ name: String) { names.withLock { $0.append(name) } }
    var all: [String] { names.withLock { $0 } }
  }

  private func waits(_ queue: AdmissionQueue, for count: Int) async throws {
    for _ in 0..<2_000 {
      if await queue.queuedCount == count { return }
      try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("\(await queue.queuedCount) wait, not \(count)")
  }

  @Test func clientsTakeTurnsAndJobsComeLast() async throws {
    let queue = AdmissionQueue(places: 1, limit: 1_000)
    let first = try await queue.enter(client: "a", seconds: 1)
    let order = Order()
    var tasks: [Task<Void, any Error>] = []
    for (client, isBulk) in [("job", true), ("a", false), ("a", false), ("b", false)] {
      let count = tasks.count
      tasks.append(
        Task {
          let place = try await queue.enter(client: client, seconds: 1, isBulk: isBulk)
          order.add(client)
          await queue.exit(place, completed: true)
        })
      try await waits(queue, for: count + 1)
    }
    // `a` has the place, so `b` goes before it.
    await queue.exit(first, completed: true)
    for task in tasks { try await task.value }
    #expect(order.all == ["a", "a", "b", "job"] || order.all == ["b", "a", "a", "job"])
    #expect(await queue.activeCount == 0)
  }

  /// With two places, the client that has one lets another have the second.
  @Test func nobodyTakesEverything() async throws {
    let queue = AdmissionQueue(places: 2, limit: 1_000)
    let one = try await queue.enter(client: "a", seconds: 1)
    let two = try await queue.enter(client: "a", seconds: 1)
    let order = Order()
    var tasks: [Task<AdmissionQueue.Place, any Error>] = []
    for client in ["a", "a", "b"] {
      let count = tasks.count
      tasks.append(
        Task {
          let place = try await queue.enter(client: client, seconds: 1)
          order.add(client)
          return place
        })
      try await waits(queue, for: count + 1)
    }
    await queue.exit(one, completed: true)
    let granted = try await tasks[2].value
    #expect(order.all == ["b"])
    await queue.exit(two, completed: true)
    await queue.exit(granted, completed: true)
    for task in tasks.prefix(2) { await queue.exit(try await task.value, completed: true) }
    #expect(await queue.activeCount == 0)
  }

  @Test func whatIsTooMuchIsRefusedAndJobsAreNot() async throws {
    let queue = AdmissionQueue(places: 1, limit: 100)
    let place = try await queue.enter(client: "a", seconds: 50)
    let waiting = Task { try await queue.enter(client: "b", seconds: 90) }
    try await waits(queue, for: 1)
    do {
      _ = try await queue.enter(client: "c", seconds: 20)
      Issue.record("it was let in")
    } catch let error as APIError {
      #expect(error.status == .tooManyRequests && (error.retryAfter ?? 0) >= 1)
    }
    let bulk = Task { try await queue.enter(client: "d", seconds: 1_000, isBulk: true) }
    try await waits(queue, for: 2)
    await queue.exit(place, completed: true)
    await queue.exit(try await waiting.value, completed: false)
    await queue.exit(try await bulk.value, completed: true)
    #expect(await queue.activeCount == 0)
    #expect(await queue.queuedSeconds == 0)
  }

  /// Recordings of unknown length leave no speed that is next to nothing, by which a client would wait for ages.
  @Test func whoIsRefusedHearsWhenToComeBack() async throws {
    let queue = AdmissionQueue(places: 1, limit: 10_000)
    for _ in 0..<1_000 {
      await queue.exit(try await queue.enter(client: "a", seconds: 0), completed: true)
    }
    for _ in 0..<1_000 {
      await queue.exit(try await queue.enter(client: "a", seconds: 1e-12), completed: true)
    }
    let place = try await queue.enter(client: "a", seconds: 1)
    let waiting = Task { try await queue.enter(client: "b", seconds: 9_999) }
    try await waits(queue, for: 1)
    let refusal = await #expect(throws: APIError.self) { try await queue.enter(client: "c", seconds: 20) }
    #expect((1...3_600).contains(refusal?.retryAfter ?? 0))
    await queue.exit(place, completed: true)
    await queue.exit(try await waiting.value, completed: true)
  }

  @Test func whoIsCancelledLeaves() async throws {
    let queue = AdmissionQueue(places: 1, limit: 100)
    let place = try await queue.enter(client: "a", seconds: 1)
    let waiting = Task { try await queue.enter(client: "b", seconds: 1) }
    try await waits(queue, for: 1)
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    await queue.exit(place, completed: true)
    let next = try await queue.enter(client: "c", seconds: 1)
    await queue.exit(next, completed: true)
    #expect(await queue.activeCount == 0)
  }

  @Test func timeLimitsEndTheWork() async throws {
    #expect(try await withTimeLimit(60) { 7 } == 7)
    #expect(try await withTimeLimit(nil) { 7 } == 7)
    do {
      try await withTimeLimit(0.02) { try await Task.sleep(for: .seconds(60)) }
      Issue.record("it had no limit")
    } catch let error as APIError {
      #expect(error.status == .gatewayTimeout)
    }
  }

  @Test func liveSessionsAreCounted() throws {
    let live = LiveSessions(limit: 1)
    var session: LiveSessions.Session? = try live.begin()
    #expect(live.count == 1)
    #expect(throws: APIError.self) { try live.begin() }
    withExtendedLifetime(session) {}
    session = nil
    #expect(live.count == 0)
    _ = try live.begin()
  }
}
#endif
