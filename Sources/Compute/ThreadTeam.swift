// Threads that go through one piece of code together and meet at barriers.

import CKernels
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What ``ThreadPool/together(_:)`` runs: made once and run many times, so that running it allocates nothing.
package final class TeamWork {
  let body: (_ thread: Int, _ index: Int) -> Void

  /// - Parameter body: runs once on each thread of the pool, with its number.
  package init(_ body: @escaping (_ thread: Int) -> Void) { self.body = { _, thread in body(thread) } }
}

/// The threads inside ``ThreadPool/together(_:)``. All of them call the same methods in the same order.
///
/// No closure goes from one thread to another, which Swift would allocate memory for, and nobody is woken: a decoder step
/// has dozens of loops of some microseconds each.
package final class ThreadTeam: Sendable {
  /// Threads that take part at the moment.
  private let count = Counter()
  /// The next iteration of loops with even and odd numbers; that of a loop that has ended is 0 again.
  private let next = (Counter(), Counter())
  private let arrived = Counter()
  private let passed = Counter()
  /// How many loops each thread has gone through; each thread touches its own.
  private let loops: [Counter]
  /// Nanoseconds that threads have waited longer than for each other's iterations, one after the other.
  private let waited = Counter()

  /// A number on a cache line of its own.
  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
    private let padding = (0, 0, 0, 0, 0, 0, 0)
  }

  init(threads: Int) { loops = (0..<threads).map { _ in Counter() } }

  /// Prepares for work of so many threads, while none is at any.
  func begin(threads: Int) {
    count.value.store(threads, ordering: .relaxed)
    waited.value.store(0, ordering: .relaxed)
    for loop in loops { loop.value.store(0, ordering: .relaxed) }
  }

  /// Nanoseconds for which each thread had to wait for others that did not come, in the work since ``begin(threads:)``.
  var heldUp: Int {
    waited.value.load(ordering: .relaxed) / max(1, count.value.load(ordering: .relaxed) - 1)
  }

  /// Calls `body` once for each index in `0..<iterations`, on whichever thread is free; all threads are through when it
  /// returns.
  package func forEach(_ iterations: Int, thread: Int, _ body: (_ index: Int) -> Void) {
    guard count.value.load(ordering: .relaxed) > 1 else {
      for index in 0..<iterations { body(index) }
      return
    }
    let loop = loops[thread].value.load(ordering: .relaxed)
    loops[thread].value.store(loop &+ 1, ordering: .relaxed)
    let counter = loop & 1 == 0 ? next.0 : next.1
    while true {
      let index = counter.value.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < iterations else { break }
      body(index)
    }
    meet { counter.value.store(0, ordering: .relaxed) }
  }

  /// Runs `body` on the first thread while the others wait.
  package func once(thread: Int, _ body: () -> Void) {
    if thread == 0 { body() }
    if count.value.load(ordering: .relaxed) > 1 { meet {} }
  }

  /// Waits for all threads; the last to come runs `body` before any goes on.
  private func meet(_ body: () -> Void) {
    let round = passed.value.load(ordering: .acquiring)
    let arrivals = arrived.value.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
    if arrivals == count.value.load(ordering: .relaxed) {
      body()
      arrived.value.store(0, ordering: .relaxed)
      passed.value.store(round &+ 1, ordering: .releasing)
      return
    }
    var spins = 0
    var begin = 0
    while passed.value.load(ordering: .acquiring) == round {
      spins += 1
      if spins % 4_096 != 0 {
        swiftlet_spin_hint()
        continue
      }
      if begin == 0 { begin = Participation.now }
      // A thread that the system has put aside cannot come while this one keeps its processor.
      sched_yield()
    }
    if begin > 0 { waited.value.wrappingAdd(Participation.now - begin, ordering: .relaxed) }
  }
}
