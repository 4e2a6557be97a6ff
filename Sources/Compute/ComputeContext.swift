// Where operators run: the inner loops and the threads.

import CKernels
import Foundation

/// An instruction set and a thread pool; operators are its methods.
package final class ComputeContext: Sendable {
  package let instructionSet: InstructionSet
  package let pool: ThreadPool

  /// - Parameters:
  ///   - threads: how many threads to use; by default one for each physical core that this process may use.
  ///   - instructionSet: the inner loops; by default the best, or what `SWIFTLET_ISA` names.
  package init(threads: Int? = nil, instructionSet: InstructionSet? = nil) throws(ComputeError) {
    if let instructionSet {
      self.instructionSet = instructionSet
    } else {
      self.instructionSet = try InstructionSet.chosen(environment: ProcessInfo.processInfo.environment)
    }
    guard self.instructionSet.isGranted() else { throw .refusedInstructionSet("\(self.instructionSet)") }
    pool = try ThreadPool(
      threads: threads ?? min(UsableCores.count, ThreadPool.maximumThreads))
  }

  /// Rows that work is best cut at multiples of.
  package var workRows: Int { kernels.pointee.work_rows }
  /// Rows of an encoder block: over so many a layer's weights are used again while they are in cache.
  package var blockRows: Int { kernels.pointee.block_rows }

  var kernels: UnsafePointer<swiftlet_kernels> { instructionSet.kernels }
}
