// `swiftlet doctor`: what the machine has, what is chosen, what it reaches.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletEvaluation

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Show this machine's features, what Swiftlet chooses, and measured speed limits (takes five seconds).",
    discussion: """
      The limits are the speed of the inner loops in registers alone and of reading memory: no network can be faster. \
      SWIFTLET_ISA forces a lower instruction set. NVIDIA GPUs are listed with their limits, or with the reason why they \
      can't be used.
      """)

  @Option(name: [.customShort("j"), .long], help: "Number of threads (default: one per physical core).")
  var threads: Int?

  func run() async throws {
    let machine: Machine
    do {
      machine = try Machine(threads: threads)
    } catch {
      try fail(error, .notUnderstood)
    }
    let available = Machine.instructionSets.map { $0 == machine.instructionSet ? "[\($0)]" : $0 }
    try StandardOutput.print(
      """
      processor:        \(Machine.processor)
      instruction sets: \(available.joined(separator: " ")), best first; the one in brackets is used
      threads:          \(machine.threads); this process may use \(Machine.usableCores) physical cores
      memory:           \(memory(Machine.memory)) MB
      models:           \(ModelStore().folder.path)
      engines:          \(EngineStore().folder.path)

      multiply-adds in registers, \(machine.threads) threads:
      """)
    for precision in EnginePrecision.allCases {
      guard let rate = machine.operations(precision, seconds: 0.8) else { continue }
      let each = rate / Double(machine.threads) / machine.clock(seconds: 0.2)
      let rates = String(format: "%6.0f GOP/s, %.0f a core and cycle", rate / 1e9, each)
      try StandardOutput.print("  \(precision.rawValue)              \(rates)")
    }
    try StandardOutput.print("reading memory, \(machine.threads) threads:")
    for megabytes in [1, 8, 24, 256] {
      let rate = machine.bandwidth(footprint: megabytes << 20, seconds: 0.6)
      let label = "  \(megabytes) MB".padding(toLength: 18, withPad: " ", startingAt: 0)
      try StandardOutput.print("\(label)\(String(format: "%6.1f", rate / 1e9)) GB/s")
    }
    try StandardOutput.print("\n" + Self.report(Result { try GraphicsProcessor.all() }))
  }

  /// What there is to say of GPUs.
  ///
  /// - Parameter measure: finds out what one reaches.
  static func report(
    _ found: Result<(cuda: String, processors: [Result<GraphicsProcessor, any Error>]), any Error>,
    measure: (GraphicsProcessor) throws -> GraphicsProcessor.Limits = { try $0.limits() }
  ) -> String {
    do {
      let (cuda, processors) = try found.get()
      let lines = processors.map { processor in
        do {
          return try describe(processor.get(), measure: measure)
        } catch {
          return "  \(error)"
        }
      }
      return (["GPUs, with a driver of CUDA \(cuda):"] + lines).joined(separator: "\n")
    } catch {
      return "GPUs:             none. \(error)"
    }
  }

  private static func describe(
    _ processor: GraphicsProcessor, measure: (GraphicsProcessor) throws -> GraphicsProcessor.Limits
  ) throws -> String {
    let free = memory(try processor.freeMemory)
    let limits = try measure(processor)
    let rates = EnginePrecision.allCases.compactMap { precision in
      limits.operations[precision].map { String(format: "%@ %.1f", precision.rawValue, $0 / 1e12) }
    }
    return """
        \(processor.name): compute capability \(processor.computeCapability), \(processor.multiprocessors) multiprocessors, \
      \(free) of \(memory(processor.memory)) MB free
          multiply-adds in registers: \(rates.joined(separator: ", ")) TOP/s
          copying memory: \(String(format: "%.0f", limits.bandwidth / 1e9)) GB/s, a launch in a graph: \
      \(String(format: "%.1f", limits.launch * 1e6)) µs
      """
  }
}
