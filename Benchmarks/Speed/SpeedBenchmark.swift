// `make benchmark`: kernels and networks against the ceilings of the machine, measured in the same run.

import ArgumentParser
import Foundation
import SwiftletCompute

@main
struct SpeedBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet-benchmark",
    abstract: "Measures kernels, encoders and decoder steps as shares of what this machine can do at best.",
    discussion: """
      Every ceiling is measured in the same run. Networks have random weights in the dimensions of the published models. \
      Best is the fastest of several runs: what else happens on a shared machine only ever adds time.
      """)

  @Option(help: "Model sizes, separated by commas.")
  var models = publishedSizes.map(\.name).joined(separator: ",")

  @Option(help: "Precisions, separated by commas.")
  var precisions = Precision.allCases.map(\.rawValue).joined(separator: ",")

  @Option(help: "Numbers of threads, separated by commas.")
  var threads = "1,\(UsableCores.count)"

  @Flag(help: "Leave the kernels out.")
  var networksOnly = false

  @Option(help: "Write the rows to this file as JSON.")
  var json: String?

  @Option(
    help: ArgumentHelp(
      "Measure the memory of recordings instead: of this one, once and three times side by side.",
      discussion:
        "Models are then sizes, with random weights, or paths to real models; the first precision and number of threads count.",
      valueName: "recording"))
  var memory: String?

  func run() async throws {
    if let memory {
      return try await benchmarkMemory(
        models: models.split(separator: ",").map(String.init), recording: memory,
        precision: precisions.split(separator: ",").first.flatMap { Precision(rawValue: String($0)) } ?? .int8
      )
    }
    let sizes = try models.split(separator: ",").map { name in
      guard let size = publishedSizes.first(where: { $0.name == name }) else {
        throw ValidationError(
          "There is no size \(name); choose from \(publishedSizes.map(\.name).joined(separator: ", ")).")
      }
      return size
    }
    let precisions = try precisions.split(separator: ",").map { name in
      guard let precision = Precision(rawValue: String(name)) else {
        throw ValidationError("There is no precision \(name).")
      }
      return precision
    }
    var counts: [Int] = []
    for text in threads.split(separator: ",") {
      guard let count = Int(text) else { throw ValidationError("\(text) is no number of threads.") }
      if !counts.contains(count) { counts.append(count) }
    }
    let contexts = try counts.map { MeasuredCeilings(try ComputeContext(threads: $0)) }
    let report = Report()
    if let context = contexts.first?.context { print("instruction set: \(context.instructionSet)") }
    for ceilings in contexts {
      let rates = [Precision.fp32, .bf16, .int8].map {
        "\($0.rawValue) \(String(format: "%.0f", ceilings.operations($0) / 1e6)) GOP/s"
      }
      print("ceilings, \(ceilings.context.pool.threads) threads: \(rates.joined(separator: ", "))")
    }
    if !networksOnly { for ceilings in contexts { benchmarkKernels(ceilings, into: report) } }
    let engines = FileManager.default.temporaryDirectory.appending(
      path: "swiftlet-benchmark-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: engines) }
    for size in sizes {
      try benchmarkNetwork(
        size.name, size.dimensions, precisions: precisions, contexts: contexts, engines: engines, into: report
      )
    }
    print("\npeak memory of this process: \(peakMemory() >> 20) MB")
    if let json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(report.rows).write(to: URL(filePath: json))
    }
  }
}
