// How many threads take part in work that waits for all of them, on a machine that has other work too.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Threads that meet at barriers are only as fast as the last. Where other programs want the same processors, the system puts each
/// aside for milliseconds at a time, the others wait as long, dozens of times in each step of the decoder, and are put aside
/// themselves meanwhile. Fewer threads then get more done; which thread computes what changes no result.
///
/// So the number is halved when a run was held up, and doubled again, on trial, after a pause of several times what was lost: trials
/// cost a tenth at most. The pause grows while they fail.
struct Participation: Sendable {
  private let threads: Int
  private var current: Int
  /// Whether the run that was begun last has more threads than the one before.
  private var isTrial = false
  /// When more threads may be tried.
  private var trial = 0
  /// What the next pause is multiplied by.
  private var doublings = 1
  /// Runs of all threads since the last that was held up.
  private var successes = 0

  /// Waiting for others' iterations is a part of every run; a thread that is put aside is missed for longer.
  private static let leastHeldUp = 200_000
  private static let leastShare = 0.3
  /// Pauses are so many times what was lost, in nanoseconds at least and at most.
  private static let pauseFactor = 8
  private static let pauses = 4_000_000...500_000_000
  private static let mostDoublings = 16
  /// So many runs in a row that were not held up show that the machine is free.
  private static let enoughSuccesses = 50

  init(threads: Int) {
    self.threads = threads
    current = threads
  }

  /// Nanoseconds on a clock that only goes forward.
  static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// The threads for a run that begins now.
  mutating func count(at now: Int) -> Int {
    isTrial = current < threads && now >= trial
    if isTrial { current = min(threads, 2 * current) }
    return current
  }

  /// Takes note of a run.
  ///
  /// - Parameter heldUp: nanoseconds that each thread waited for others that did not come.
  mutating func note(heldUp: Int, from begin: Int, to end: Int) {
    guard current > 1 else { return }
    if heldUp > Self.leastHeldUp, Double(heldUp) > Self.leastShare * Double(end - begin) {
      current = max(1, current / 2)
      let pause = min(
        max(Self.pauseFactor * doublings * heldUp, Self.pauses.lowerBound), Self.pauses.upperBound)
      trial = end + pause
      doublings = min(2 * doublings, Self.mostDoublings)
      successes = 0
    } else if current == threads {
      successes += 1
      if successes >= Self.enoughSuccesses { doublings = 1 }
    } else if isTrial {
      // It goes with so many: more may be tried soon.
      trial = end + Self.pauses.lowerBound
    }
  }
}
