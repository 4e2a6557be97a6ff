// What this machine can do at best, measured: the limits that benchmarks are held against.

import CKernels

/// Operations a second that a precision's inner loop reaches in registers alone, and bytes a second that can be read.
package struct Ceilings: Sendable {
  private let context: ComputeContext

  package init(_ context: ComputeContext) { self.context = context }

  /// Operations a second of all threads together; a multiply and an add are two.
  package func operations(_ precision: Precision, seconds: Double = 0.3) -> Double {
    let kernels = context.kernels
    let steps = 2_000
    let each = kernels.pointee.peak(precision.operands, steps)
    return best(seconds: seconds) {
      context.pool.forEachThread { _ in _ = kernels.pointee.peak(precision.operands, steps) }
      return each * Double(context.pool.threads)
    }
  }

  /// Cycles a second of one core while all are at work. An inner loop's operations divided by them tell how many of its
  /// instructions a cycle takes, which must be what the processor is known for.
  package func clock(seconds: Double = 0.3) -> Double {
    let cycles = 1_000_000
    return best(seconds: seconds) {
      context.pool.forEachThread { _ in swiftlet_pass_cycles(cycles) }
      return Double(cycles)
    }
  }

  /// Bytes a second that all threads together read of `footprint` bytes, each thread its own part, over and over.
  package func bandwidth(footprint: Int, seconds: Double = 0.3) -> Double {
    let threads = context.pool.threads
    let part = footprint / threads / 256 * 256
    let buffer = AlignedBuffer(byteCount: part * threads)
    let rounds = max(1, (1 << 24) / max(part, 1))
    return best(seconds: seconds) {
      context.pool.forEachThread { thread in
        for _ in 0..<rounds { _ = swiftlet_read_memory(buffer.base + thread * part, part) }
      }
      return Double(part * threads * rounds)
    }
  }

  /// The highest rate of several runs: what is in the way on a shared machine only ever lowers it.
  private func best(seconds: Double, _ body: () -> Double) -> Double {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var best = 0.0
    repeat {
      let begin = clock.now
      let amount = body()
      best = max(best, amount / ((clock.now - begin) / .seconds(1)))
    } while clock.now < end
    return best
  }
}
