// Results that are made elsewhere: when work begins, waits and ends.

import Dispatch
import Synchronization
import Testing

@testable import Swiftlet

@Suite struct ResultSequenceTests {
  /// Counts up on a thread until nobody wants more.
  private final class Counting: Sendable {
    private let count = Atomic<Int>(0)
    private let hasEnded = Atomic<Bool>(false)

    var made: Int { count.load(ordering: .relaxed) }
    var ended: Bool { hasEnded.load(ordering: .relaxed) }

    func sequence(upTo limit: Int = .max) -> ResultSequence<Int> {
      ResultSequence { handover in
        DispatchQueue.global().async {
          while !handover.stop.isSet, self.made < limit {
            let next = self.count.wrappingAdd(1, ordering: .relaxed).newValue
            handover.put(blocking: next)
          }
          self.hasEnded.store(true, ordering: .relaxed)
          handover.finish(.success(()))
        }
      }
    }

    func expectEnd() async throws {
      for _ in 0..<1_000 where !ended { try await Task.sleep(for: .milliseconds(5)) }
      #expect(ended)
    }
  }

  @Test func allElementsComeInOrder() async throws {
    var found: [Int] = []
    for try await element in Counting().sequence(upTo: 1_000) { found.append(element) }
    #expect(found == Array(1...1_000))
  }

  @Test func nothingIsDoneBeforeTheFirstIsAskedFor() async throws {
    let counting = Counting()
    var iterator = counting.sequence(upTo: 10).makeAsyncIterator()
    try await Task.sleep(for: .milliseconds(20))
    #expect(counting.made == 0)
    #expect(try await iterator.next() == 1)
  }

  @Test func theWorkWaitsForTheReader() async throws {
    let counting = Counting()
    var iterator = counting.sequence().makeAsyncIterator()
    #expect(try await iterator.next() == 1)
    for _ in 0..<200 where counting.made < 66 {
      try await Task.sleep(for: .milliseconds(5))
    }
    try await Task.sleep(for: .milliseconds(20))
    // 64 are ready, and one waits to be put.
    #expect(counting.made == 66)
    #expect(try await iterator.next() == 2)
  }

  @Test func leavingEndsTheWork() async throws {
    let counting = Counting()
    for try await element in counting.sequence() where element == 3 { break }
    try await counting.expectEnd()
  }

  @Test func cancellingThrowsAndEndsTheWork() async throws {
    let counting = Counting()
    let task = Task {
      for try await _ in counting.sequence() {}
    }
    try await Task.sleep(for: .milliseconds(20))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await counting.expectEnd()
  }

  private struct Failure: Error {}

  @Test func aFailureComesAfterTheElementsAndOnce() async throws {
    var iterator = ResultSequence<Int> { handover in
      DispatchQueue.global().async {
        handover.put(blocking: 1)
        handover.finish(.failure(Failure()))
      }
    }.makeAsyncIterator()
    #expect(try await iterator.next() == 1)
    await #expect(throws: Failure.self) { try await iterator.next() }
    #expect(try await iterator.next() == nil)
  }

  @Test func aTaskThatFillsItIsCancelled() async throws {
    let ended = StopFlag()
    let sequence = ResultSequence<Int> { handover in
      let task = Task {
        var next = 0
        while !Task.isCancelled {
          await handover.put(next)
          next += 1
        }
        ended.set()
        handover.finish(.success(()))
      }
      handover.whenClosed { task.cancel() }
    }
    var found: [Int] = []
    for try await element in sequence {
      found.append(element)
      if found.count == 200 { break }
    }
    #expect(found == Array(0..<200))
    for _ in 0..<1_000 where !ended.isSet { try await Task.sleep(for: .milliseconds(5)) }
    #expect(ended.isSet)
  }
}
