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
      SWIFTLET_ISA forces a lower instruction set.
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
  }
}
