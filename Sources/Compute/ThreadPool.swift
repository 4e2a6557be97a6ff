// Fork and join in less than a microsecond: threads that spin briefly between operators and sleep when there is no work.

import CKernels
import Foundation
import Synchronization

/// A fixed set of threads that run the iterations of a loop together with the calling thread.
///
/// Iterations are handed out one at a time by an atomic counter, with no lock on the way. One loop runs at a time; a
/// second caller waits for the first. A loop must not start another one on the same pool.
///
/// Where other programs want the processor too, a thread may be put aside for milliseconds. Nobody waits for one that has no
/// iteration, and ``together(_:)``, whose threads wait for each other dozens of times, does with fewer: see ``Participation``.
package final class ThreadPool: Sendable {
  /// Threads that take part, the caller included.
  package let threads: Int
  package static let maximumThreads = 256
  /// The threads inside ``together(_:)``.
  package let team: ThreadTeam

  private let shared: Shared

  /// What the workers see. It outlives the pool by the moment a worker needs to notice the end.
  private final class Shared: @unchecked Sendable {
    /// Raised by one when a loop begins, when it has no more iterations, and when the pool ends. Odd while there is a loop.
    let generation = Atomic<Int>(0)
    let next = Atomic<Int>(0)
    /// Workers that are in a loop, or about to find out that they are too late for it.
    let active = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    let ended = Atomic<Bool>(false)
    let wake = NSCondition()
    let callers = NSLock()
    /// Written by the caller before `generation` is raised, read by workers after they saw it raised.
    var iterations = 0
    var body: ((Int, Int) -> Void)?
    /// Touched by the caller whose turn it is.
    var participation: Participation

    init(threads: Int) { participation = Participation(threads: threads) }

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
        // Sequentially consistent with `close`: either the caller sees that this thread is active, or this one sees that the loop
        // has ended.
        active.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if generation.load(ordering: .sequentiallyConsistent) == seen { runIterations(thread: thread) }
        active.wrappingSubtract(1, ordering: .releasing)
      }
    }

    /// Lets no more workers in, and waits for those that are.
    func close() {
      generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
      var spins = 0
      while active.load(ordering: .sequentiallyConsistent) > 0 {
        spins += 1
        // A worker that the system has put aside cannot finish while this thread keeps its processor.
        if spins % 4_096 == 0 { sched_yield() } else { swiftlet_spin_hint() }
      }
    }

    /// 50 µs of spinning on Zen 4, where the hint takes 3 ns, to most of a millisecond on Intel: longer than any pause between two
    /// operators, short enough not to be noticed as load.
    private static let spins = 16_000

    private func waitForGeneration(after seen: Int) -> Int {
      for _ in 0..<Self.spins {
        let current = generation.load(ordering: .acquiring)
        if isNew(current, after: seen) { return current }
        swiftlet_spin_hint()
      }
      wake.lock()
      defer { wake.unlock() }
      // Sequentially consistent with `publish`: either this thread sees the new generation, or the caller sees the sleeper.
      sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
      defer { sleepers.wrappingSubtract(1, ordering: .relaxed) }
      while true {
        let current = generation.load(ordering: .sequentiallyConsistent)
        if isNew(current, after: seen) { return current }
        wake.wait()
      }
    }

    private func isNew(_ generation: Int, after seen: Int) -> Bool {
      generation != seen && generation & 1 == 1
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
    let shared = Shared(threads: threads)
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

  /// Runs `work` on all threads at once, which meet in ``team``, or on as many as the system lets run at once. Allocates nothing.
  package func together(_ work: TeamWork) {
    guard threads > 1 else { return work.body(0, 0) }
    shared.callers.lock()
    defer { shared.callers.unlock() }
    let begin = Participation.now
    let count = shared.participation.count(at: begin)
    team.begin(threads: count)
    // No thread gets through its iteration before the others are in theirs, so that each has one.
    if count > 1 { runLocked(count, work.body) } else { work.body(0, 0) }
    shared.participation.note(heldUp: team.heldUp, from: begin, to: Participation.now)
  }

  private func run(_ iterations: Int, _ body: @escaping (Int, Int) -> Void) {
    shared.callers.lock()
    defer { shared.callers.unlock() }
    team.begin(threads: threads)
    runLocked(iterations, body)
  }

  private func runLocked(_ iterations: Int, _ body: @escaping (Int, Int) -> Void) {
    shared.body = body
    shared.iterations = iterations
    shared.next.store(0, ordering: .relaxed)
    shared.publish()
    shared.runIterations(thread: 0)
    shared.close()
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
