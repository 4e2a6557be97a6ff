// The thread pool: every iteration once, from several callers, after sleeping, and its limits.

import Foundation
import Synchronization
import Testing

@testable import SwiftletCompute

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 7]) func everyIterationRunsOnce(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    for count in [0, 1, 2, 5, 1_000] {
      let seen = Mutex([Int](repeating: 0, count: count))
      pool.forEach(count) { index in seen.withLock { $0[index] += 1 } }
      #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  @Test func manyShortLoopsWithPauses() throws {
    let pool = try ThreadPool(threads: 3)
    let sum = Atomic<Int>(0)
    for round in 0..<3_000 {
      pool.forEach(4) { _ in sum.wrappingAdd(1, ordering: .relaxed) }
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
          for _ in 0..<200 { pool.forEach(3) { sum.wrappingAdd($0, ordering: .relaxed) } }
          return sum.load(ordering: .relaxed)
        }
      }
      return await group.reduce(0, +)
    }
    #expect(total == 4 * 200 * 3)
  }

  @Test(arguments: [0, -1, ThreadPool.maximumThreads + 1]) func impossibleNumbersAreRefused(threads: Int) {
    #expect(throws: ComputeError.threadCount(threads, maximum: ThreadPool.maximumThreads)) {
      try ThreadPool(threads: threads)
    }
  }

  @Test func anInstructionSetIsChosenByName() throws {
    let names = InstructionSet.available.map(\.description)
    #expect(names.last == "portable")
    for name in names {
      let chosen = try InstructionSet.chosen(environment: ["SWIFTLET_ISA": name])
      #expect(chosen.description == name)
    }
    let best = try InstructionSet.chosen(environment: [:])
    #expect(best.description == names[0])
    #expect(throws: ComputeError.unknownInstructionSet("mmx", available: names)) {
      try InstructionSet.chosen(environment: ["SWIFTLET_ISA": "mmx"])
    }
  }
}
