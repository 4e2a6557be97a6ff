// Threads for work that blocks: as many as may, at once, and in order.

import Foundation
import Synchronization
import Testing

@testable import Swiftlet

@Suite struct BlockingThreadsTests {
  /// What threads write to.
  private final class Shared<Value: Sendable>: Sendable {
    private let contents: Mutex<Value>
    init(_ value: Value) { contents = Mutex(value) }
    var value: Value { contents.withLock { $0 } }
    func change(_ body: (inout sending Value) -> Void) {
      contents.withLock { body(&$0) }
    }
  }

  /// Each waits until all have begun: with a thread for each core, they would wait for ever.
  @Test func allThatMayBlockAtOnce() async throws {
    let count = 4 * ProcessInfo.processInfo.activeProcessorCount + 3
    let threads = BlockingThreads("test", limit: count)
    let begun = Shared(0)
    let done = Shared(0)
    for _ in 0..<count {
      threads.add {
        begun.change { $0 += 1 }
        while begun.value < count { Thread.sleep(forTimeInterval: 0.001) }
        done.change { $0 += 1 }
      }
    }
    try await onThread { threads.finish() }
    #expect(done.value == count)
  }

  @Test(arguments: [1, 3]) func noMoreThanTheLimit(limit: Int) async throws {
    let threads = BlockingThreads("test", limit: limit)
    let running = Shared((now: 0, most: 0))
    let order = Shared<[Int]>([])
    for number in 0..<50 {
      threads.add {
        order.change { $0.append(number) }
        running.change { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        Thread.sleep(forTimeInterval: 0.001)
        running.change { $0.now -= 1 }
      }
    }
    try await onThread { threads.finish() }
    #expect(running.value.now == 0 && running.value.most <= limit && order.value.count == 50)
    if limit == 1 { #expect(order.value == Array(0..<50)) }
  }

  /// Work that comes from work, and after all was done for a while.
  @Test func workMayComeAtAnyTime() async throws {
    let threads = BlockingThreads("test", limit: 2)
    let done = Shared(0)
    threads.add {
      threads.add { done.change { $0 += 1 } }
      done.change { $0 += 1 }
    }
    try await waitUntil { done.value == 2 }
    try await Task.sleep(for: .milliseconds(20))
    threads.add { done.change { $0 += 1 } }
    try await onThread { threads.finish() }
    #expect(done.value == 3)
  }
}
