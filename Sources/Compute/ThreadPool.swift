// Fork and join in less than a microsecond: threads that spin briefly between operators and sleep when there is no work.

import CKernels
import Foundation
import Synchronization

/// A fixed set of threads that run the iterations of a loop together with the calling thread.
///
/// Iterations are handed out one at a time by an atomic counter, with no lock on the way. One loop runs at a time; a
/// second caller waits for the first. A loop must not start another one on the same pool.
package final class ThreadPool: Sendable {
  /// Threads that take part, the caller included.
  package let threads: Int
  package static let maximumThreads = 256
  /// The threads inside ``together(_:)``.
  package let team: ThreadTeam

  private let shared: Shared

  /// What the workers see. It outlives the pool by the moment a worker needs to notice the end.
  private final class Shared: @unchecked Sendable {
    /// Raised by one when a loop begins, and when the pool ends.
    let generation = Atomic<Int>(0)
    let next = Atomic<Int>(0)
    /// Workers that have not yet finished with the current generation.
    let busy = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    let ended = Atomic<Bool>(false)
    let wake = NSCondition()
    let callers = NSLock()
    /// Written by the caller before `generation` is raised, read by workers after they saw it raised.
    var iterations = 0
    var body: ((Int, Int) -> Void)?

    func runIterations(thread: Int) {
      guard let body else { return }
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < iterations else { return }
        body(thread, index)
      }
    }

    func work(thread: Int) {
      var seen = 0
      while true {
        seen = waitForGeneration(after: seen)
        if ended.load(ordering: .acquiring) { return }
        runIterations(thread: thread)
        busy.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      }
    }

    /// 50 µs of spinning on Zen 4, where the hint takes 3 ns, to most of a millisecond on Intel: longer than any pause between two
    /// operators, short enough not to be noticed as load.
    private static let spins = 16_000

    private func waitForGeneration(after seen: Int) -> Int {
      for _ in 0..<Self.spins {
        let current = generation.load(ordering: .acquiring)
        if current != seen { return current }
        swiftlet_spin_hint()
      }
      wake.lock()
      defer { wake.unlock() }
      // Sequentially consistent with `publish`: either this thread sees the new generation, or the caller sees the sleeper.
      sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
      defer { sleepers.wrappingSubtract(1, ordering: .relaxed) }
      while true {
        let current = generation.load(ordering: .sequentiallyConsistent)
        if current != seen { return current }
        wake.wait()
      }
    }

    func publish() {
      generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
        wake.lock()
        wake.broadcast()
        wake.unlock()
      }
    }
  }

  package init(threads: Int) throws(ComputeError) {
    guard (1...Self.maximumThreads).contains(threads) else {
      throw .threadCount(threads, maximum: Self.maximumThreads)
    }
    self.threads = threads
    team = ThreadTeam(threads: threads)
    let shared = Shared()
    self.shared = shared
    for index in 1..<max(threads, 1) {
      let thread = Thread { shared.work(thread: index) }
      thread.name = "swiftlet-\(index)"
      thread.start()
    }
  }

  deinit {
    shared.ended.store(true, ordering: .releasing)
    shared.publish()
  }

  /// Calls `body` once for each index in `0..<iterations`, on all threads, and returns when all calls have returned.
  ///
  /// `body` runs on several threads at once; the caller sees to it that different indices write to different memory.
  /// Its first argument is the number of the thread, in `0..<threads`, for work space of its own.
  package func forEach(_ iterations: Int, _ body: (_ thread: Int, _ index: Int) -> Void) {
    guard threads > 1, iterations > 1 else {
      for index in 0..<iterations { body(0, index) }
      return
    }
    withoutActuallyEscaping(body) { run(iterations, $0) }
  }

  /// Runs `work` on all threads at once, which meet in ``team``. Allocates nothing.
  package func together(_ work: TeamWork) {
    guard threads > 1 else { return work.body(0, 0) }
    // No thread gets through its iteration before the others are in theirs, so that each has one.
    run(threads, work.body)
  }

  private func run(_ iterations: Int, _ body: @escaping (Int, Int) -> Void) {
    shared.callers.lock()
    defer { shared.callers.unlock() }
    shared.body = body
    shared.iterations = iterations
    shared.next.store(0, ordering: .relaxed)
    shared.busy.store(threads - 1, ordering: .relaxed)
    shared.publish()
    shared.runIterations(thread: 0)
    var spins = 0
    while shared.busy.load(ordering: .acquiring) > 0 {
      spins += 1
      // A worker that the system has put aside cannot finish while this thread keeps its processor.
      if spins % 4_096 == 0 { sched_yield() } else { swiftlet_spin_hint() }
    }
    shared.body = nil
  }

  /// Calls `body` once on each thread, with its number.
  package func forEachThread(_ body: (_ thread: Int) -> Void) {
    // As many iterations as threads, none of which ends before all have begun.
    forEach(threads) { thread, _ in
      team.once(thread: thread) {}
      body(thread)
    }
  }
}
