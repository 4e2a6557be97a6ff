// Threads that go through a piece of code together: loops, barriers, and thread numbers.

import Foundation
import SwiftletTestModels
import Synchronization
import Testing

@testable import SwiftletCompute

@Suite struct ThreadTeamTests {
  /// Each iteration of each loop once, whatever the numbers of loops and iterations; and again in the same work.
  @Test(arguments: [1, 2, 3, 7]) func everyIterationRunsOnce(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    let counts = [3, 0, 1, 100, 2, 1, 0, 17]
    let seen = Mutex(counts.map { [Int](repeating: 0, count: $0) })
    let work = TeamWork { thread in
      for (loop, count) in counts.enumerated() {
        pool.team.forEach(count, thread: thread) { index in seen.withLock { $0[loop][index] += 1 } }
      }
    }
    for _ in 0..<50 { pool.together(work) }
    #expect(seen.withLock { $0 } == counts.map { [Int](repeating: 50, count: $0) })
  }

  /// What a loop has written is there for all threads when the next begins; with an odd number of loops in a work, so that
  /// works begin with either counter.
  @Test(.slow, arguments: [2, 3, 5]) func loopsSeeWhatThoseBeforeHaveWritten(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    let count = 61
    let values = UnsafeMutablePointer<Int>.allocate(capacity: count)
    defer { values.deallocate() }
    values.initialize(repeating: 0, count: count)
    let work = TeamWork { thread in
      for round in 0..<5 {
        pool.team.forEach(count, thread: thread) { index in values[(index * 7 + round) % count] += 1 }
      }
    }
    for _ in 0..<1_000 { pool.together(work) }
    #expect((0..<count).allSatisfy { values[$0] == 5_000 })
  }

  /// The number of a thread is its own all the way through, so that work space by number is never shared.
  @Test(arguments: [2, 4]) func numbersAreNotShared(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    let owners = Mutex<[Int: Set<ObjectIdentifier>]>([:])
    let work = TeamWork { thread in
      let owner = ObjectIdentifier(Thread.current)
      owners.withLock { _ = $0[thread, default: []].insert(owner) }
      pool.team.once(thread: thread) {}
      pool.team.forEach(20, thread: thread) { _ in
        if ObjectIdentifier(Thread.current) != owner { Issue.record("an iteration ran on another thread") }
      }
    }
    pool.together(work)
    let found = owners.withLock { $0 }
    #expect(found.keys.sorted() == Array(0..<threads))
    #expect(found.values.allSatisfy { $0.count == 1 })
    #expect(Set(found.values.flatMap { $0 }).count == threads)
  }

  /// `once` runs on one thread, and the others do not go on before it has.
  @Test(.slow, arguments: [1, 2, 5]) func onceRunsBeforeAnyoneGoesOn(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    let value = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    defer { value.deallocate() }
    value.pointee = 0
    let wrong = Atomic<Int>(0)
    let work = TeamWork { thread in
      let before = value.pointee
      pool.team.once(thread: thread) {}
      for round in 1...20 {
        pool.team.once(thread: thread) { value.pointee += 1 }
        if value.pointee != before + round { wrong.wrappingAdd(1, ordering: .relaxed) }
        pool.team.once(thread: thread) {}
      }
    }
    for _ in 0..<200 { pool.together(work) }
    #expect(value.pointee == 4_000)
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  /// Works, plain loops and sleep between them, from several callers.
  @Test func worksAndLoopsTakeTurns() async throws {
    let pool = try ThreadPool(threads: 3)
    let total = await withTaskGroup(of: Int.self) { group in
      for caller in 0..<3 {
        group.addTask {
          let sum = Atomic<Int>(0)
          let work = TeamWork { thread in
            pool.team.forEach(4, thread: thread) { index in sum.wrappingAdd(index, ordering: .relaxed) }
          }
          for round in 0..<200 {
            pool.together(work)
            pool.forEach(3) { _, index in sum.wrappingAdd(index, ordering: .relaxed) }
            if round % 50 == caller { usleep(1_000) }
          }
          return sum.load(ordering: .relaxed)
        }
      }
      return await group.reduce(0, +)
    }
    #expect(total == 3 * 200 * (6 + 3))
  }
}
