// The thread pool: every iteration once, thread numbers, several callers, sleeping, and its limits.

import Foundation
import SwiftletTestModels
import Synchronization
import Testing

@testable import SwiftletCompute

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 7]) func everyIterationRunsOnce(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    for count in [0, 1, 2, 5, 1_000] {
      let seen = Mutex([Int](repeating: 0, count: count))
      pool.forEach(count) { _, index in seen.withLock { $0[index] += 1 } }
      #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  /// Work space is given out by thread number: no two iterations may have the same number at once.
  @Test(arguments: [1, 2, 7]) func noTwoIterationsHaveTheSameThreadNumberAtOnce(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    let inUse = Mutex([Bool](repeating: false, count: threads))
    let wrong = Atomic<Int>(0)
    for _ in 0..<300 {
      pool.forEach(20) { thread, index in
        guard (0..<threads).contains(thread) else {
          wrong.wrappingAdd(1, ordering: .relaxed)
          return
        }
        let wasInUse = inUse.withLock { numbers in
          defer { numbers[thread] = true }
          return numbers[thread]
        }
        if wasInUse { wrong.wrappingAdd(1, ordering: .relaxed) }
        if index % 5 == 0 { sched_yield() }
        inUse.withLock { $0[thread] = false }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  /// Iterations that wait for each other end: as many run at once as there are threads, each with a number of its own.
  @Test(arguments: [2, 5]) func allThreadsTakePart(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    let arrived = Atomic<Int>(0)
    let numbers = Mutex<Set<Int>>([])
    pool.forEach(threads) { thread, _ in
      numbers.withLock { _ = $0.insert(thread) }
      arrived.wrappingAdd(1, ordering: .releasing)
      while arrived.load(ordering: .acquiring) < threads { sched_yield() }
    }
    #expect(numbers.withLock { $0 } == Set(0..<threads))
  }

  /// What one loop has written, the next one and the caller see.
  @Test(.slow) func loopsSeeWhatThoseBeforeHaveWritten() throws {
    let pool = try ThreadPool(threads: 4)
    let count = 64
    let values = UnsafeMutablePointer<Int>.allocate(capacity: count)
    defer { values.deallocate() }
    values.initialize(repeating: 0, count: count)
    nonisolated(unsafe) let memory = values
    for round in 0..<2_000 {
      pool.forEach(count) { _, index in memory[(index + round) % count] += 1 }
    }
    #expect((0..<count).allSatisfy { values[$0] == 2_000 })
  }

  @Test(.slow) func manyShortLoopsWithPauses() throws {
    let pool = try ThreadPool(threads: 3)
    let sum = Atomic<Int>(0)
    for round in 0..<3_000 {
      pool.forEach(4) { _, _ in sum.wrappingAdd(1, ordering: .relaxed) }
      // Long enough for the workers to fall asleep.
      if round % 500 == 0 { usleep(2_000) }
    }
    #expect(sum.load(ordering: .relaxed) == 12_000)
  }

  @Test func severalCallersTakeTurns() async throws {
    let pool = try ThreadPool(threads: 2)
    let total = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let sum = Atomic<Int>(0)
          for _ in 0..<200 { pool.forEach(3) { _, index in sum.wrappingAdd(index, ordering: .relaxed) } }
          return sum.load(ordering: .relaxed)
        }
      }
      return await group.reduce(0, +)
    }
    #expect(total == 4 * 200 * 3)
  }

  /// A pool that goes while its workers sleep, or spin, takes them along.
  @Test func poolsComeAndGo() throws {
    for round in 0..<40 {
      let pool = try ThreadPool(threads: 4)
      let sum = Atomic<Int>(0)
      pool.forEach(9) { _, index in sum.wrappingAdd(index, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == 36)
      if round % 8 == 0 { usleep(1_000) }
    }
  }

  @Test(arguments: [0, -1, ThreadPool.maximumThreads + 1]) func impossibleNumbersAreRefused(threads: Int) {
    #expect(throws: ComputeError.threadCount(threads, maximum: ThreadPool.maximumThreads)) {
      try ThreadPool(threads: threads)
    }
  }

  @Test func anInstructionSetIsChosenByName() throws {
    let names = InstructionSet.available.map(\.description)
    #expect(names.last == "portable")
    #expect(Set(names).count == names.count)
    for name in names {
      let chosen = try InstructionSet.chosen(environment: ["SWIFTLET_ISA": name])
      #expect(chosen.description == name)
    }
    for nothing in [[:], ["SWIFTLET_ISA": ""]] {
      let best = try InstructionSet.chosen(environment: nothing)
      #expect(best.description == names[0])
    }
    #expect(throws: ComputeError.unknownInstructionSet("mmx", available: names)) {
      try InstructionSet.chosen(environment: ["SWIFTLET_ISA": "mmx"])
    }
  }
}
