// `swiftlet doctor`: what the machine has, what is chosen, what it reaches.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletCompute

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
    let context: ComputeContext
    do {
      context = try ComputeContext(threads: threads)
    } catch {
      try fail(error, .notUnderstood)
    }
    let chosen = context.instructionSet.description
    let available = InstructionSet.available.map { $0.description == chosen ? "[\($0)]" : "\($0)" }
    try StandardOutput.print(
      """
      processor:        \(Self.processor)
      instruction sets: \(available.joined(separator: " ")), best first; the one in brackets is used
      threads:          \(context.pool.threads); this process may use \(UsableCores.count) physical cores
      memory:           \(ProcessInfo.processInfo.physicalMemory >> 20) MB
      models:           \(ModelStore().folder.path)
      engines:          \(EngineStore().folder.path)

      multiply-adds in registers, \(context.pool.threads) threads:
      """)
    let ceilings = Ceilings(context)
    for precision in Precision.allCases where precision != .fp16 {
      let rate = ceilings.operations(precision, seconds: 0.8)
      try StandardOutput.print(
        "  \(precision.rawValue)              \(String(format: "%6.0f", rate / 1e9)) GOP/s")
    }
    try StandardOutput.print("reading memory, \(context.pool.threads) threads:")
    for megabytes in [1, 8, 24, 256] {
      let rate = ceilings.bandwidth(footprint: megabytes << 20, seconds: 0.6)
      let label = "  \(megabytes) MB".padding(toLength: 18, withPad: " ", startingAt: 0)
      try StandardOutput.print("\(label)\(String(format: "%6.1f", rate / 1e9)) GB/s")
    }
  }

  /// The processor's name, as the system tells it.
  private static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") || $0.hasPrefix("CPU part") }
    let name = line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    return name ?? "unknown"
  }
}
