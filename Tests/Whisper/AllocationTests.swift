// The decode loop allocates nothing on the heap: not a step, not its logits, not the choice of a token.

import CAllocations
import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite(.slow, .serialized, .enabled(if: swiftlet_counts_allocations() == 1)) struct AllocationTests {
  /// Allocations of all threads of the pool while `body` runs.
  private func count(_ context: ComputeContext, _ body: () throws -> Void) rethrows -> Int {
    context.pool.forEachThread { _ in swiftlet_count_allocations(1) }
    let before = swiftlet_allocation_count()
    try body()
    let after = swiftlet_allocation_count()
    context.pool.forEachThread { _ in swiftlet_count_allocations(0) }
    return after - before
  }

  @Test func allocationsAreCounted() throws {
    let context = try ComputeContext(threads: 2)
    var kept: [[Int]] = []
    #expect(count(context) {} == 0)
    let one = count(context) { kept.append([Int](repeating: 1, count: 100 + kept.count)) }
    #expect(one == 2)
    let both = count(context) {
      context.pool.forEachThread { _ in withExtendedLifetime(AlignedBuffer(byteCount: 64)) {} }
    }
    // One for each thread at least, whatever the loop itself takes.
    #expect(both >= 2)
    #expect(kept.count == 1)
  }

  @Test(arguments: Precision.allCases, [1, 2])
  func decoding(_ precision: Precision, threads: Int) throws {
    let network = try CPUNetwork(EngineFixture.model(precision), context: ComputeContext(threads: threads))
    let context = network.context
    let audio = network.memory(of: try Reference().input("encoded"), at: .exact(positions: 50))
    let sequences = (0..<3).map { _ in network.makeSequence(over: audio) }
    for sequence in sequences { sequence.push([1, 2, 3]) }
    try network.step(sequences)
    for batch in [Array(sequences.prefix(1)), sequences] {
      var token = 1
      let steps = 6
      let rows = Array(batch.indices)
      let allocations = try count(context) {
        for _ in 0..<steps {
          for sequence in batch { sequence.push(token) }
          try network.step(batch)
          token = network.computeLogits(ofRows: rows).withRow(batch.count - 1) { context.argmax($0) }
        }
      }
      #expect(
        allocations == 0, "\(allocations) in \(steps) steps of \(batch.count) sequences")
    }
  }
}
