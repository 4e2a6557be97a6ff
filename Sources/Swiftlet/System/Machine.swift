// What this machine has, what is chosen on it, and what it reaches.

import Foundation
import SwiftletCompute

/// The machine as a number of threads sees it.
package struct Machine: Sendable {
  private let context: ComputeContext

  /// - Parameter threads: nil for one per physical core that this process may use.
  /// - Throws: ``SwiftletError`` if there can't be as many threads, or `SWIFTLET_ISA` names no instruction set of this machine.
  package init(threads: Int? = nil) throws {
    context = try throwingPublicErrors { try ComputeContext(threads: threads) }
  }

  package var threads: Int { context.pool.threads }
  /// The name of the instruction set that the network runs on.
  package var instructionSet: String { context.instructionSet.description }
  /// The names of all that the processor can run, best first.
  package static var instructionSets: [String] { InstructionSet.available.map(\.description) }
  /// Physical cores that this process may use.
  package static var usableCores: Int { UsableCores.count }
  /// In bytes.
  package static var memory: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  /// The processor's name, as the system tells it.
  package static var processor: String {
    #if os(Linux)
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") || $0.hasPrefix("CPU part") }
    let name = line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    return name ?? "unknown"
    #else
    return "unknown"
    #endif
  }

  /// Operations a second that all threads together reach in registers alone; a multiply and an add are two. Nil for a
  /// precision that is computed in another one.
  ///
  /// - Parameter seconds: how long it is measured.
  package func operations(_ precision: EnginePrecision, seconds: Double) -> Double? {
    precision == .fp16 ? nil : Ceilings(context).operations(precision.compute, seconds: seconds)
  }

  /// Cycles a second of a core while all threads are at work.
  package func clock(seconds: Double) -> Double { Ceilings(context).clock(seconds: seconds) }

  /// Bytes a second that all threads together read of `footprint` bytes, over and over.
  package func bandwidth(footprint: Int, seconds: Double) -> Double {
    Ceilings(context).bandwidth(footprint: footprint, seconds: seconds)
  }
}

/// The memory of this process.
package enum ProcessMemory {
  /// The largest resident set so far, or since ``resetPeak()``, in bytes; mapped engines count as far as they were touched.
  package static var peak: Int { peakMemory() }

  /// Has ``peak`` count from now on.
  ///
  /// - Returns: whether the system can do that; Linux can.
  package static func resetPeak() -> Bool { resetPeakMemory() }
}
