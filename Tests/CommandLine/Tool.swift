// Runs the built tool, or another program, as a user does.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport

enum Tool {
  /// The tool lies beside the test bundle.
  static let url = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "swiftlet")

  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Nothing of the user's: the tests' cache, no token of the Hugging Face hub, no peers.
  private static let surroundings = [
    "SWIFTLET_CACHE": TestTier.cache.path, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_TOKEN": "",
    "HUGGING_FACE_HUB_TOKEN": "", "XDG_DATA_HOME": "/nowhere",
  ]

  /// tiny.en and its engine are in the cache before any tool runs, so that no tool says that it waits for another one.
  private static let model = Task {
    if !TestTier.isFast { _ = try await TestModels.transcriber() }
  }

  /// Output goes to files: a pipe's end would be inherited by whatever other tests start meanwhile, and never close.
  static func run(
    _ arguments: [String], of tool: URL = Self.url, input: URL? = nil, environment: [String: String] = [:],
    redirected: FileHandle? = nil
  ) async throws -> Outcome {
    try await model.value
    let (output, errors) = (TestFolder.place("output"), TestFolder.place("errors"))
    defer { for file in [output, errors] { try? FileManager.default.removeItem(at: file) } }
    for file in [output, errors] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = tool
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(Self.surroundings) { $1 }.merging(environment) { $1 }
    process.standardOutput = try redirected ?? FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
    let status: Int32 = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do {
        try process.run()
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
    return Outcome(
      status: status, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}
